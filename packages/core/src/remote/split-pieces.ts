import type { ByteStream } from './blob-store.ts'

/**
 * Makes streams of parts of a stream: each takes the next bytes of `pieces`, up to so many; what is left of
 * a piece is for the next one.
 */
export function splitPieces(stream: ByteStream): {
  take(bytes: number): ByteStream
  /** Goes to the end, where there should be nothing left: whoever checks the whole does it there. */
  reachEnd(): Promise<void>
  end(): Promise<void>
} {
  const pieces = stream[Symbol.asyncIterator]()
  let rest: Uint8Array | undefined
  async function* take(bytes: number): AsyncGenerator<Uint8Array> {
    for (let left = bytes; left > 0;) {
      const piece = rest ?? (await nextOf(pieces))
      rest = undefined
      if (piece === undefined) return
      if (piece.length > left) rest = piece.subarray(left)
      const taken = piece.subarray(0, left)
      left -= taken.length
      yield taken
    }
  }
  return {
    take,
    async reachEnd() {
      while ((await nextOf(pieces)) !== undefined);
    },
    async end() {
      await pieces.return?.()
    },
  }
}

async function nextOf(pieces: AsyncIterator<Uint8Array>): Promise<Uint8Array | undefined> {
  const step = await pieces.next()
  return step.done === true ? undefined : step.value
}
