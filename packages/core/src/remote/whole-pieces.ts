import type { ByteStream } from './blob-store.ts'
import { unavailable } from './failures.ts'

/** Fails where an answer ends early without saying so, as some proxies make them. */
export function wholePieces(pieces: ByteStream, sizeBytes: number): ByteStream {
  const iterator = pieces[Symbol.asyncIterator]()
  let receivedBytes = 0
  return {
    [Symbol.asyncIterator]: () => ({
      async next() {
        const step = await iterator.next()
        if (step.done !== true) receivedBytes += step.value.length
        else if (receivedBytes !== sizeBytes)
          throw unavailable(`A transfer broke off after ${receivedBytes} of ${sizeBytes} bytes`)
        return step
      },
      return: async () => (await iterator.return?.()) ?? { done: true, value: undefined },
    }),
  }
}
