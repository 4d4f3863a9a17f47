import { TaskVaultError } from '@taskvault/core'
import type { ByteStream } from '@taskvault/core'

/** A reader that is done with a piece may give it back with `next`; what it does with that is the source's. */
type Pieces = AsyncIterator<Uint8Array, unknown, Uint8Array | undefined>

/**
 * The same bytes. If fewer come than there should be, `check` ends before the reader is told: whoever asks again is
 * answered by what was found.
 */
export function wholeOrChecked(
  bytes: ByteStream,
  sizeBytes: number,
  check: () => Promise<void>,
): ByteStream {
  const pieces: Pieces = bytes[Symbol.asyncIterator]()
  let readBytes = 0
  const iterator: Pieces = {
    async next(spare) {
      const step = await pieces.next(spare)
      if (step.done !== true) readBytes += step.value.byteLength
      else if (readBytes < sizeBytes) {
        await check()
        throw tooFew(readBytes, sizeBytes)
      }
      return step
    },
    return: async () => (await pieces.return?.()) ?? { done: true, value: undefined },
  }
  return { [Symbol.asyncIterator]: () => iterator as AsyncIterator<Uint8Array> }
}

function tooFew(readBytes: number, sizeBytes: number): TaskVaultError {
  return new TaskVaultError(
    'BLOB_CORRUPT',
    `An object has ${readBytes} bytes where ${sizeBytes} should be`,
  )
}
