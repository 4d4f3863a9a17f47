import type { ReceivingFile } from '../../../store/blobs/receive-blob.ts'

/** How much of a blob that comes from elsewhere is in its file. */
export interface Arrival extends ReceivingFile {
  /** Whether the first `bytes` are. */
  has(bytes: number): boolean
  /** Resolves when the first `bytes` are; rejects with the reason why they never will. */
  until(bytes: number): Promise<void>
  /** No more will come. */
  fail(reason: unknown): void
}

/** @param path of the file that it is received into. */
export function createArrival(path: string): Arrival {
  let writtenBytes = 0
  let failure: { readonly reason: unknown } | undefined
  let waiting: Waiting[] = []

  return {
    path,
    onWritten(bytes) {
      writtenBytes += bytes
      for (const one of waiting) if (one.bytes <= writtenBytes) one.resolve()
      waiting = waiting.filter((one) => one.bytes > writtenBytes)
    },
    has: (bytes) => bytes <= writtenBytes,
    async until(bytes) {
      if (bytes <= writtenBytes) return
      if (failure !== undefined) throw failure.reason
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      waiting.push({ bytes, resolve, reject })
      await promise
    },
    fail(reason) {
      failure = { reason }
      for (const { reject } of waiting.splice(0)) reject(reason)
    },
  }
}

interface Waiting {
  readonly bytes: number
  readonly resolve: () => void
  readonly reject: (reason: unknown) => void
}
