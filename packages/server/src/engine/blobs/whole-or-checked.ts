import { TaskVaultError } from '@taskvault/core'
import type { ByteStream } from '@taskvault/core'
import type { Pieces } from './held-blobs.ts'

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
