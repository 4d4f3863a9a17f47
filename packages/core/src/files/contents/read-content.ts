import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import type { Stats } from 'node:fs'
import { availableParallelism } from 'node:os'
import { TaskVaultError, asTaskVaultError } from '../../errors.ts'
import type { HashAlgorithm } from '../../hashing/hash-algorithm.ts'
import { releaseMemory } from '../release-memory.ts'
import { createChunker } from './chunker.ts'
import type { ReadContent } from './chunker.ts'
import type { ContentSink } from './content-sink.ts'
import { CHUNKED_FROM_BYTES } from './cut-chunks.ts'
import { startFileThread } from './file-thread.ts'

/** What was read of a file that has a name, and what it was when it was opened. */
interface ReadFile extends ReadContent {
  readonly stats: Stats
}

// Reads of more than 256 KiB at a time are slower by a factor of three; see docs/benchmarks.md.
const READ_BYTES = 256 * 1024
/** A smaller file is read before another thread is of any use. */
const THREAD_FROM_BYTES = 256 * 1024 * 1024
/** What is read meanwhile: a thread takes about as long to start. */
const HEAD_BYTES = 64 * 1024 * 1024
const window = Buffer.allocUnsafeSlow(CHUNKED_FROM_BYTES)

// A file may be swapped for a link or a pipe between `lstat` and `open`: neither is followed, and
// opening a pipe must not wait for a writer. Windows has neither flag.
const OPEN_FLAGS =
  constants.O_RDONLY |
  ((constants.O_NOFOLLOW as number | undefined) ?? 0) |
  ((constants.O_NONBLOCK as number | undefined) ?? 0)

/** What a file was when its name was looked at. */
export interface SeenFile {
  readonly sizeBytes: number
  isSame(now: Stats): boolean
}

/**
 * Reads the content of a file that was just looked at, computes its digest, and gives it to `sink`.
 * Yields while the sink is full; without a sink it never yields.
 * @throws {TaskVaultError} INPUT_UNREADABLE, or INPUT_CHANGED when the file changed while it was read.
 */
export function* readSeen(
  absolutePath: string,
  seen: SeenFile,
  {
    algorithm,
    sink,
  }: { readonly algorithm: HashAlgorithm; readonly sink: ContentSink | undefined },
): Generator<void, ReadFile> {
  const stats = readUnchanged(absolutePath, seen)
  if (stats === undefined) return yield* readContent(absolutePath, algorithm, sink)
  return { ...addSmall(window.subarray(0, seen.sizeBytes), algorithm, sink), stats }
}

/**
 * Most files are small, and still what they were: then one look after reading says that nothing has
 * changed since before, and no second read is needed to meet the end. The bytes are in the window.
 */
function readUnchanged(absolutePath: string, { sizeBytes, isSame }: SeenFile): Stats | undefined {
  // Files of some kernels' file systems say that they are empty, and are not.
  if (sizeBytes === 0 || sizeBytes >= CHUNKED_FROM_BYTES) return undefined
  const descriptor = openForReading(absolutePath)
  try {
    if (fillWindow(descriptor, sizeBytes) < sizeBytes) return undefined
    const stats = fstatSync(descriptor)
    return isSame(stats) ? stats : undefined
  } catch {
    // No bytes come from what is a directory or a pipe by now.
    return undefined
  } finally {
    closeSync(descriptor)
  }
}

/** Reads a file's content in the same way, whatever it was before. */
export function* readContent(
  absolutePath: string,
  algorithm: HashAlgorithm,
  sink?: ContentSink,
): Generator<void, ReadFile> {
  const descriptor = openForReading(absolutePath)
  try {
    const before = fstatSync(descriptor)
    if (!before.isFile()) throw changed(absolutePath)
    const content =
      before.size < CHUNKED_FROM_BYTES
        ? readSmall(descriptor, algorithm, sink)
        : sink === undefined
          ? readLarge(descriptor, before.size, algorithm)
          : yield* readChunks(descriptor, algorithm, sink)
    const after = fstatSync(descriptor)
    if (content === undefined || isOther(before, after, content)) throw changed(absolutePath)
    return { ...content, stats: before }
  } finally {
    closeSync(descriptor)
  }
}

/** Runs a generator that has nothing to wait for to its end. */
export function runToEnd<Result>(steps: Generator<void, Result>): Result {
  let step = steps.next()
  while (step.done !== true) step = steps.next()
  return step.value
}

function openForReading(absolutePath: string): number {
  try {
    return openSync(absolutePath, OPEN_FLAGS)
  } catch (error) {
    const failure = asTaskVaultError(error, `read ${absolutePath}`)
    if (failure.code !== 'PERMISSION_DENIED' && failure.code !== 'IO_FAILED') throw failure
    throw new TaskVaultError('INPUT_UNREADABLE', failure.message, {
      hint: 'Check that the file exists, who owns it, and its mode.',
      cause: error,
    })
  }
}

function readSmall(
  descriptor: number,
  algorithm: HashAlgorithm,
  sink: ContentSink | undefined,
): ReadContent | undefined {
  const length = fillWindow(descriptor, window.length)
  // Grown past the limit for small contents while we read.
  if (length === window.length) return undefined
  return addSmall(window.subarray(0, length), algorithm, sink)
}

/** Reads up to `wantedBytes` into the window. @returns how many: fewer when the file ends before. */
function fillWindow(descriptor: number, wantedBytes: number): number {
  let length = 0
  while (length < wantedBytes) {
    const count = Math.min(READ_BYTES, wantedBytes - length)
    const got = readSync(descriptor, window, length, count, null)
    if (got === 0) break
    length += got
  }
  return length
}

function addSmall(
  bytes: Buffer,
  algorithm: HashAlgorithm,
  sink: ContentSink | undefined,
): ReadContent {
  const digest = algorithm.hash(bytes)
  const places = sink === undefined ? [] : [sink.add(digest, bytes)]
  return { digest, sizeBytes: bytes.length, places }
}

/** Of a very large file, most is read by another thread: to read takes half as long as to digest what was read. */
function readLarge(descriptor: number, size: number, algorithm: HashAlgorithm): ReadContent {
  const hasher = algorithm.createHasher()
  const usesThread = size >= THREAD_FROM_BYTES && availableParallelism() > 1
  using thread = usesThread ? startFileThread({ descriptor, start: HEAD_BYTES }) : undefined
  let sizeBytes = 0
  for (;;) {
    const isHead = sizeBytes < HEAD_BYTES
    const read = isHead ? undefined : thread?.take()
    const wantedBytes = isHead ? Math.min(READ_BYTES, HEAD_BYTES - sizeBytes) : READ_BYTES
    const bytes = read ?? readAt(descriptor, sizeBytes, wantedBytes)
    if (bytes.length === 0) return { digest: hasher.digest(), sizeBytes, places: [] }
    hasher.update(bytes)
    sizeBytes += bytes.length
  }
}

/** Into the window. @returns what was read: nothing at the end. */
function readAt(descriptor: number, position: number, wantedBytes: number): Buffer {
  return window.subarray(0, readSync(descriptor, window, 0, wantedBytes, position))
}

function* readChunks(
  descriptor: number,
  algorithm: HashAlgorithm,
  sink: ContentSink,
): Generator<void, ReadContent> {
  // Other scans may use the shared window while this one yields.
  const own = Buffer.allocUnsafeSlow(READ_BYTES)
  const chunker = createChunker(algorithm, sink)
  for (;;) {
    const got = readSync(descriptor, own, 0, READ_BYTES, null)
    if (got === 0) break
    chunker.push(own.subarray(0, got))
    if (sink.isFull) yield
  }
  releaseMemory(own)
  return chunker.finish()
}

function isOther(before: Stats, after: Stats, content: ReadContent): boolean {
  return (
    content.sizeBytes !== after.size ||
    before.mtimeMs !== after.mtimeMs ||
    before.ctimeMs !== after.ctimeMs
  )
}

function changed(absolutePath: string): TaskVaultError {
  return new TaskVaultError('INPUT_CHANGED', `${absolutePath} changed while it was read`, {
    hint: 'Let whatever writes it finish first.',
  })
}
