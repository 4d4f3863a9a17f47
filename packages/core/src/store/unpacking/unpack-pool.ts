import { availableParallelism } from 'node:os'
import { setImmediate } from 'node:timers/promises'
import type { HashAlgorithm } from '../../hashing/hash-algorithm.ts'
import { createFrameReader } from './frame-reader.ts'
import { planBatches } from './plan-batches.ts'
import { IDENTITY_NUMBERS, unpackBatch } from './unpack-batch.ts'
import type { NewFile, UnpackBatch } from './unpack-batch.ts'
import { canUseThreads, startUnpackThread } from './unpack-threads.ts'
import type { UnpackThread } from './unpack-threads.ts'
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
/** Batches that may wait before the caller's thread takes one itself: memory stays flat so. */
const MAX_WAITING_BATCHES = 8
/** Batches that a thread has at a time: the next is there when one is done, whatever we are at. */
const BATCHES_OF_A_THREAD = 2

/** The blobs that the files' slices lie in stay open until the pool is disposed. */
export function openUnpackPool(
  algorithm: HashAlgorithm,
  onMade: (count: number) => void,
): UnpackPool {
  const queue = createWorkQueue<UnpackBatch>(MAX_WAITING_BATCHES)
  const threads = new AsyncDisposableStack()
  const running: Promise<void>[] = []
  const frames = createFrameReader()
  let window: NewFile[] = []

  function note(batch: UnpackBatch, identities: Float64Array): void {
    for (const [index, file] of batch.entries()) {
      file.identity.set(
        identities.subarray(index * IDENTITY_NUMBERS, (index + 1) * IDENTITY_NUMBERS),
      )
    }
    onMade(batch.length)
  }

  function unpackHere(batch: UnpackBatch): void {
    note(batch, unpackBatch(batch, { algorithm, frames }))
  }

  /** Takes batches as long as `isNeeded`, and lets the threads' answers through between them. */
  async function work(isNeeded: () => boolean): Promise<void> {
    while (running.length === 0 || isNeeded()) {
      const batch = queue.takeNow()
      if (batch === undefined) return
      unpackHere(batch)
      await setImmediate()
    }
  }

  async function feed(thread: UnpackThread): Promise<void> {
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
    // This thread works too, when it is not busy with what comes next.
    const count = Math.max(1, Math.min(availableParallelism(), MAX_THREADS) - 1)
    for (let started = 0; started < count; started += 1) {
      const thread = threads.use(startUnpackThread(algorithm))
      for (let lane = 0; lane < BATCHES_OF_A_THREAD; lane += 1) {
        const fed = feed(thread)
        // A failure is met by `finish`, not as an unhandled rejection before that.
        fed.catch(() => {})
        running.push(fed)
      }
    }
  }

  return {
    add(file) {
      window.push(file)
      if (window.length >= THREADS_FROM_FILES && running.length === 0 && canUseThreads(algorithm))
        startThreads()
      if (window.length < WINDOW_FILES) return undefined
      for (const batch of planBatches(window)) queue.push(batch)
      window = []
      return work(() => queue.isFull)
    },
    async finish() {
      for (const batch of planBatches(window)) queue.push(batch)
      window = []
      await work(() => true)
      queue.close()
      await Promise.all(running)
    },
    async [Symbol.asyncDispose]() {
      queue.close({ clear: true })
      await Promise.allSettled(running)
      await threads.disposeAsync()
      frames[Symbol.dispose]()
    },
  }
}
