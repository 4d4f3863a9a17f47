import { availableParallelism } from 'node:os'
import type { HashAlgorithm } from '../hashing/hash-algorithm.ts'
import { planBatches } from './plan-batches.ts'
import { IDENTITY_NUMBERS, unpackBatch } from './unpack-batch.ts'
import type { NewFile, UnpackBatch } from './unpack-batch.ts'
import { canUseThreads, startUnpackThread } from './unpack-threads.ts'
import { createWorkQueue } from './work-queue.ts'

/** Makes files as they are named, on several threads once there are many. */
export interface UnpackPool extends AsyncDisposable {
  /** Takes a file to make; its directory exists. A promise when the caller is too far ahead. */
  add(file: NewFile): Promise<void> | undefined
  /**
   * Resolves when all files are made, and their identities noted.
   * @throws {TaskVaultError} BLOB_CORRUPT; errors of the operating system as they are.
   */
  finish(): Promise<void>
}

/** Fewer files than this are made sooner than a thread has started. */
const THREADS_FROM_FILES = 600
const MAX_THREADS = 4
/** Files that are sorted together, so that each frame is unpacked about once. */
const WINDOW_FILES = 2_000
/** Batches that may wait: what keeps memory flat however many files there are. */
const MAX_WAITING_BATCHES = 16

/** The blobs that the files' slices lie in stay open until the pool is disposed. */
export function openUnpackPool(
  algorithm: HashAlgorithm,
  onMade: (count: number) => void,
): UnpackPool {
  const queue = createWorkQueue<UnpackBatch>(MAX_WAITING_BATCHES)
  const threads = new AsyncDisposableStack()
  const running: Promise<void>[] = []
  let window: NewFile[] = []

  function note(batch: UnpackBatch, identities: Float64Array): void {
    for (const [index, file] of batch.entries()) {
      file.identity.set(
        identities.subarray(index * IDENTITY_NUMBERS, (index + 1) * IDENTITY_NUMBERS),
      )
    }
    onMade(batch.length)
  }

  async function runThread(): Promise<void> {
    const thread = threads.use(startUnpackThread(algorithm))
    try {
      for (let batch = await queue.take(); batch !== undefined; batch = await queue.take()) {
        note(batch, await thread.unpack(batch))
      }
    } catch (error) {
      queue.close({ clear: true })
      throw error
    }
  }

  function startThreads(): void {
    const count = Math.min(availableParallelism(), MAX_THREADS)
    for (let started = 0; started < count; started += 1) {
      const thread = runThread()
      // A failure is met by `finish`, not as an unhandled rejection before that.
      thread.catch(() => {})
      running.push(thread)
    }
  }

  return {
    add(file) {
      window.push(file)
      if (window.length >= THREADS_FROM_FILES && running.length === 0 && canUseThreads(algorithm))
        startThreads()
      if (window.length < WINDOW_FILES) return undefined
      const batches = planBatches(window)
      window = []
      if (running.length === 0) {
        for (const batch of batches) note(batch, unpackBatch(batch, algorithm))
        return undefined
      }
      for (const batch of batches) queue.push(batch)
      return queue.room()
    },
    async finish() {
      for (const batch of planBatches(window)) {
        if (running.length === 0) note(batch, unpackBatch(batch, algorithm))
        else queue.push(batch)
      }
      window = []
      queue.close()
      await Promise.all(running)
    },
    async [Symbol.asyncDispose]() {
      queue.close({ clear: true })
      await Promise.allSettled(running)
      await threads.disposeAsync()
    },
  }
}
