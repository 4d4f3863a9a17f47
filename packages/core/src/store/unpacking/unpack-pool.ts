import { availableParallelism } from 'node:os'
import { setImmediate } from 'node:timers/promises'
import type { HashAlgorithm } from '../../hashing/hash-algorithm.ts'
import { isKnownToThreads } from '../../hashing/open-hash-algorithm.ts'
import { readIdentity } from './file-identity.ts'
import { createFrameReader } from './frame-reader.ts'
import { planBatches } from './plan-batches.ts'
import { createSharedQueue } from './shared-queue.ts'
import { unpackInSteps } from './unpack-batch.ts'
import { startUnpackThread } from './unpack-threads.ts'
import type { UnpackThread } from './unpack-threads.ts'
import { describeBatch } from './waiting-file.ts'
import type { WaitingBatch, WaitingFile } from './waiting-file.ts'

/**
 * Makes files as they are named, on several threads if there are many. One call at a time. Disposing it ends
 * what is being made, and waits until nobody writes any more; what is added afterwards is not made.
 */
export interface UnpackPool extends AsyncDisposable {
  /** Takes a file to make; its directory exists. A promise when the caller is too far ahead. */
  add(file: WaitingFile): Promise<void> | undefined
  /** Takes files that are best made at once, because they share frames. */
  addTogether(files: readonly WaitingFile[]): Promise<void>
  /**
   * Resolves when all files are made, and their sources told so.
   * @throws {TaskVaultError} BLOB_CORRUPT; errors of the operating system as they are; the signal's reason.
   */
  finish(): Promise<void>
}

export interface UnpackWork {
  readonly algorithm: HashAlgorithm
  /** How many files will be added, about. */
  readonly expectedFiles: number
  /** Ends it: no batch is begun any more. */
  readonly signal: AbortSignal
  /** Called as files are made, with how many. */
  readonly onMade: (count: number) => void
}

/** Fewer files than this are made sooner than a thread has started. */
const THREADS_FROM_FILES = 600
const MAX_THREADS = 4
/**
 * Files that are sorted together, so that each frame is unpacked about once: few at first, which keep
 * the threads busy while more are named; at last as many as memory has room for.
 */
const WINDOWS_FILES = [1_000, 10_000] as const
/** Files after which the threads' answers are let through: until then what they made is kept. */
const NOTED_AFTER_FILES = 500
/** Batches that may wait before the caller's thread takes one itself: memory stays flat so. */
const MAX_WAITING_BATCHES = 20
/** Bytes that this thread writes at a stretch: some hundredths of a second. */
const DEAF_BYTES = 8 * 1024 * 1024

/** The blobs that the files' slices lie in stay open until the pool is disposed. */
export function openUnpackPool(unpackWork: UnpackWork): UnpackPool {
  const { algorithm, expectedFiles, onMade } = unpackWork
  const disposal = new AbortController()
  const signal = AbortSignal.any([unpackWork.signal, disposal.signal])
  // At once: the first files are named before a thread can do anything.
  const usesThreads = expectedFiles >= THREADS_FROM_FILES && isKnownToThreads(algorithm)
  const threads = usesThreads ? startThreads(algorithm) : []
  const queue = createSharedQueue(threads, note)
  const frames = createFrameReader()
  signal.addEventListener('abort', queue.clear)
  let window: WaitingFile[] = []
  let windows = 0
  let working = Promise.resolve()

  function note(batch: WaitingBatch, identities: Float64Array): void {
    batch.forEach(({ source, index }, order) =>
      source.finish(index, readIdentity(identities, order)),
    )
    onMade(batch.length)
  }

  function queueFiles(files: readonly WaitingFile[]): void {
    queue.push(planBatches(files))
    queue.feed()
  }

  function queueWindow(): void {
    queueFiles(window)
    window = []
    windows += 1
  }

  /** Makes a batch in this thread, which may be all of a large file: signals and threads are heard meanwhile. */
  async function make(batch: WaitingBatch): Promise<Float64Array> {
    using steps = unpackInSteps(describeBatch(batch), { algorithm, frames })
    for (let bytes = 0; ;) {
      const step = steps.next()
      if (step.done === true) return step.value
      bytes += step.value
      if (bytes < DEAF_BYTES) continue
      bytes = 0
      queue.feed()
      await setImmediate()
      signal.throwIfAborted()
    }
  }

  /** Makes batches as long as `isNeeded`, and lets the threads' answers through between them. */
  async function makeWhile(isNeeded: () => boolean): Promise<void> {
    while (threads.length === 0 || isNeeded()) {
      signal.throwIfAborted()
      const batch = queue.take()
      if (batch === undefined) return
      note(batch, await make(batch))
      queue.feed()
      await setImmediate()
    }
  }

  async function work(isNeeded: () => boolean): Promise<void> {
    working = makeWhile(isNeeded)
    await working
  }

  /** Lets the caller go on when the threads have not too much to do. */
  async function workOff(): Promise<void> {
    await work(() => queue.waitingCount > MAX_WAITING_BATCHES)
  }

  return {
    add(file) {
      window.push(file)
      queue.feed()
      if (window.length < (WINDOWS_FILES[windows] ?? WINDOWS_FILES[1]))
        return window.length % NOTED_AFTER_FILES === 0 ? setImmediate() : undefined
      queueWindow()
      return workOff()
    },
    async addTogether(files) {
      signal.throwIfAborted()
      queueFiles(files)
      await workOff()
    },
    async finish() {
      queueWindow()
      await work(() => true)
      await queue.finish()
      // Of what nobody began, nobody said so.
      signal.throwIfAborted()
    },
    async [Symbol.asyncDispose]() {
      // What is still being made is not wanted any more, and may be large.
      disposal.abort(new Error('nobody needs the files'))
      await Promise.all(threads.map(async (thread) => await thread[Symbol.asyncDispose]()))
      await Promise.allSettled([queue.finish(), working])
      frames[Symbol.dispose]()
    },
  }
}

function startThreads(algorithm: HashAlgorithm): UnpackThread[] {
  // This thread works too, when it is not busy with what comes next.
  const count = Math.max(1, Math.min(availableParallelism(), MAX_THREADS) - 1)
  return Array.from({ length: count }, () => startUnpackThread(algorithm))
}
