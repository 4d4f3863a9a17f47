import { availableParallelism } from 'node:os'
import { constants, createZstdCompress } from 'node:zlib'
import { releaseMemory } from '../../files/release-memory.ts'

/**
 * Compresses frames side by side, as many at once as there are processors. The memory that they are in is
 * given back when they are written: left to the collector, it would have it run after every other frame.
 */
export interface FrameCompressor extends Disposable {
  /** Memory for a frame of `FRAME_BYTES`, from before or new. */
  lend(): Buffer
  /** Takes back what was lent; nobody may use it any more. */
  takeBack(raw: Buffer): void
  /** `raw` has at most `FRAME_BYTES`, and must not change before this is done. */
  compress(raw: Uint8Array): Promise<CompressedFrame>
}

export interface CompressedFrame {
  readonly bytes: Uint8Array
  /** Gives the memory back; nobody may use the bytes any more. */
  release(): void
}

/** Raw bytes of a frame: what has to be unpacked to read one content, and what compresses together. */
export const FRAME_BYTES: number = 1024 * 1024
// What a higher one takes of the processor is worth its bytes where less than 25 MB/s are sent; see ADR 28.
const COMPRESSION_LEVEL = 1
/** What zstd may make of a frame at worst: ZSTD_COMPRESSBOUND. */
const WORST_BYTES = FRAME_BYTES + FRAME_BYTES / 256
/** Frames of one stream go into one buffer, a dozen of them if they are of the usual kind. */
const STREAM_BYTES = 4 * 1024 * 1024

/** As many threads has Node to compress on. */
const MAX_STREAMS = 4

/** Asked for once, because the answer is read from several files. */
let turns: number | undefined

/**
 * What zstd needs to compress a frame is several times as large as the frame, and making it anew for
 * each keeps the kernel and the garbage collector at work. So a stream ends a frame with each write, and
 * is used until its buffer has no room for another. More streams than processors would only take memory,
 * and the processor from whoever fills the frames.
 */
export function createFrameCompressor(): FrameCompressor {
  const idle: FrameStream[] = []
  const spare: Buffer[] = []
  const open = new Set<FrameStream>()
  const waiting: PromiseWithResolvers<void>[] = []
  let freeTurns = (turns ??= Math.min(availableParallelism(), MAX_STREAMS))

  function openStream(): FrameStream {
    const stream = openFrameStream()
    open.add(stream)
    return stream
  }

  function close(stream: FrameStream): void {
    open.delete(stream)
    stream.close()
  }

  async function takeTurn(): Promise<void> {
    const called = Promise.withResolvers<void>()
    waiting.push(called)
    await called.promise
  }

  function passTurn(): void {
    const next = waiting.shift()
    if (next === undefined) freeTurns += 1
    else next.resolve()
  }

  return {
    lend: () => spare.pop() ?? Buffer.allocUnsafeSlow(FRAME_BYTES),
    takeBack: (raw) => void spare.push(raw),
    async compress(raw) {
      if (freeTurns > 0) freeTurns -= 1
      else await takeTurn()
      try {
        const stream = idle.pop() ?? openStream()
        const frame = await stream.compress(raw)
        if (stream.roomBytes >= WORST_BYTES) idle.push(stream)
        else close(stream)
        return frame
      } finally {
        passTurn()
      }
    },
    [Symbol.dispose]() {
      idle.length = 0
      for (const called of waiting.splice(0)) called.reject(new Error('nobody needs the frame'))
      for (const stream of open) close(stream)
      for (const raw of spare.splice(0)) releaseMemory(raw)
    },
  }
}

interface FrameStream {
  readonly roomBytes: number
  compress(raw: Uint8Array): Promise<CompressedFrame>
  close(): void
}

function openFrameStream(): FrameStream {
  const zstd = createZstdCompress({
    params: { [constants.ZSTD_c_compressionLevel]: COMPRESSION_LEVEL },
    flush: constants.ZSTD_e_end,
    chunkSize: STREAM_BYTES,
  })
  let roomBytes = STREAM_BYTES
  let written: Buffer | undefined
  let [heldFrames, isClosed] = [0, false]

  /** What the last frame in it gives back is the memory of all of them. */
  function release(bytes: Uint8Array): void {
    heldFrames -= 1
    if (isClosed && heldFrames === 0) releaseMemory(bytes)
  }

  // There is room for all of a frame, so that it comes in one piece.
  zstd.on('data', (bytes: Buffer) => (written = bytes))
  // The one who waits for the frame is told of it.
  zstd.on('error', () => {})
  return {
    get roomBytes() {
      return roomBytes
    },
    compress: async (raw) => {
      // One that fails stays counted: whoever compresses may still write to the memory then.
      heldFrames += 1
      return await new Promise((resolve, reject) => {
        zstd.write(raw, (error) => {
          if (written === undefined) return reject(error ?? new Error('a frame was not compressed'))
          const bytes = written
          written = undefined
          roomBytes -= bytes.length
          resolve({ bytes, release: () => release(bytes) })
        })
      })
    },
    close() {
      isClosed = true
      zstd.destroy()
    },
  }
}
