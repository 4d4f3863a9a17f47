import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { TaskVaultError } from '../errors.ts'
import type { HashAlgorithm } from '../hashing/hash-algorithm.ts'
import { toTransfer } from './batch-transfer.ts'
import type { BatchAnswer } from './restore-worker.ts'
import { IDENTITY_NUMBERS, unpackBatch } from './unpack-batch.ts'
import type { NewFile, UnpackBatch } from './unpack-batch.ts'

/** Below this many files a thread costs more than it saves. */
const THREADS_FROM_FILES = 600
const MAX_THREADS = 4
/** Files of a batch: enough to make messages rare, few enough to share the work evenly. */
const BATCH_FILES = 400

/**
 * Makes all files, each frame unpacked once, on several threads when there are many, and notes their
 * identities. The caller has made the directories, and keeps the blobs open until this returns.
 * @throws {TaskVaultError} BLOB_CORRUPT; errors of the operating system as they are.
 */
export async function unpackFiles(
  files: readonly NewFile[],
  algorithm: HashAlgorithm,
  onMade: (count: number) => void,
): Promise<void> {
  const batches = planBatches(files)
  const threads = Math.min(availableParallelism(), MAX_THREADS, batches.length)
  const isWorthIt = files.length >= THREADS_FROM_FILES && threads > 1 && isBuiltIn(algorithm)
  const finish = (batch: UnpackBatch, identities: Float64Array): void => {
    for (const [index, file] of batch.entries()) {
      file.identity = identities.subarray(index * IDENTITY_NUMBERS, (index + 1) * IDENTITY_NUMBERS)
    }
    onMade(batch.length)
  }
  if (isWorthIt) return await unpackOnThreads(batches, { algorithm, threads, finish })
  for (const batch of batches) finish(batch, unpackBatch(batch, algorithm))
}

/** Puts files whose contents lie in the same frame side by side, in the order of the disk. */
export function planBatches(files: readonly NewFile[]): UnpackBatch[] {
  const sorted = files.toSorted((a, b) => compareFirstSlice(a, b))
  const batches: NewFile[][] = []
  let current: NewFile[] = []
  for (const file of sorted) {
    const before = current.at(-1)
    const isNewFrame = before?.slices.at(-1)?.frame !== file.slices[0]?.frame
    if (current.length >= BATCH_FILES && isNewFrame) {
      batches.push(current)
      current = []
    }
    current.push(file)
  }
  if (current.length > 0) batches.push(current)
  return batches
}

function compareFirstSlice(a: NewFile, b: NewFile): number {
  const [first, second] = [a.slices[0], b.slices[0]]
  if (first === undefined || second === undefined) return (first ? 1 : 0) - (second ? 1 : 0)
  return (
    first.frame.descriptor - second.frame.descriptor ||
    first.frame.position - second.frame.position ||
    first.offset - second.offset
  )
}

/** Threads open algorithms by name, and a registered one has its name in this thread only. */
function isBuiltIn(algorithm: HashAlgorithm): boolean {
  return algorithm.name === 'blake3' || algorithm.name === 'sha256'
}

interface UnpackThread {
  readonly worker: Worker
  /** Aborted when the thread is gone. */
  readonly ended: AbortSignal
}

interface ThreadWork {
  readonly algorithm: HashAlgorithm
  readonly threads: number
  readonly finish: (batch: UnpackBatch, identities: Float64Array) => void
}

async function unpackOnThreads(batches: UnpackBatch[], work: ThreadWork): Promise<void> {
  const queue = [...batches]
  const threads = Array.from({ length: work.threads }, () => startThread(work.algorithm))
  try {
    await Promise.all(threads.map((thread) => drainQueue(thread, queue, work)))
  } finally {
    await Promise.all(threads.map(({ worker }) => worker.terminate()))
  }
}

/** Gives one thread batch after batch, until none is left or one of them failed. */
async function drainQueue(thread: UnpackThread, queue: UnpackBatch[], work: ThreadWork): Promise<void> {
  for (let batch = queue.shift(); batch !== undefined; batch = queue.shift()) {
    try {
      work.finish(batch, await askWorker(thread, batch, work.algorithm))
    } catch (error) {
      queue.length = 0
      throw error
    }
  }
}

async function askWorker(
  { worker, ended }: UnpackThread,
  batch: UnpackBatch,
  algorithm: HashAlgorithm,
): Promise<Float64Array> {
  worker.postMessage(toTransfer(batch, algorithm.digestBytes))
  const [answer] = (await once(worker, 'message', { signal: ended })) as [BatchAnswer]
  if (answer.kind === 'done') return answer.identities
  if (answer.code !== undefined) throw new TaskVaultError(answer.code, answer.message)
  throw Object.assign(new Error(answer.message), { code: answer.systemCode })
}

/** The worker's file lies beside this one, as source and in every bundle. */
function startThread(algorithm: HashAlgorithm): UnpackThread {
  const names = ['restore-worker.mjs', 'restore-worker.ts']
  const candidates = names.map((name) => fileURLToPath(new URL(name, import.meta.url)))
  const file = candidates.find((candidate) => existsSync(candidate))
  if (file === undefined) throw new Error(`restore-worker is missing beside ${import.meta.url}`)
  const worker = new Worker(file, { workerData: algorithm.name })
  const ended = new AbortController()
  worker.once('exit', () => ended.abort(new Error('a restore worker ended early')))
  return { worker, ended: ended.signal }
}
