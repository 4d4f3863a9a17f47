import { asTaskVaultError } from '../errors.ts'
import type { Digest } from '../model/digest.ts'
import { digestToBytes } from '../model/digest.ts'
import type { ChangeReason } from '../model/explain.ts'
import type { KeyedFingerprint } from '../model/fingerprint.ts'
import type { Manifest } from '../model/manifest.ts'
import type { TaskName } from '../model/task.ts'
import { streamAhead } from '../store/blobs/stream-ahead.ts'
import { recordHit, recordMiss } from '../store/entries/record-use.ts'
import type { Store } from '../store/store.ts'
import { dismissDamaged } from './dismiss-damaged.ts'
import { isCurrent, isDamage, openEntry } from './open-entry.ts'
import type { OpenedEntry } from './open-entry.ts'
import type { OpenParts } from './open-parts.ts'
import { findOrPull } from './sharing/find-or-pull.ts'
import type { Found, Wanted } from './sharing/find-or-pull.ts'
import { dismissRecord } from './sharing/pull-entry.ts'

export interface ResultRequest {
  readonly task: TaskName
  readonly work: KeyedFingerprint
}

/**
 * The bytes of an entry whose only output is a file, verified; undefined when there is none.
 * Trouble of any sort is a miss.
 */
export async function readResult(
  parts: OpenParts,
  request: ResultRequest,
): Promise<Uint8Array | undefined> {
  return await withResult(parts, request, async ({ opened, digest }) => {
    using entry = opened
    const pieces: Buffer[] = []
    for await (const piece of streamAhead(digestToBytes(digest), entry)) pieces.push(piece)
    return pieces.length === 1 ? pieces[0] : Buffer.concat(pieces)
  })
}

/**
 * The same piece by piece, for results that are better not held in memory. All of it is verified
 * before the first piece, and again on the way; end the iteration to release the blobs.
 */
export async function openResult(
  parts: OpenParts,
  request: ResultRequest,
): Promise<AsyncIterable<Uint8Array> | undefined> {
  return await withResult(parts, request, ({ opened, digest }) => {
    try {
      opened.verify(digest)
    } catch (error) {
      opened[Symbol.dispose]()
      throw error
    }
    return streamResult(opened, digest)
  })
}

/** No generator, because one that was never started does nothing when it is ended. */
function streamResult(opened: OpenedEntry, digest: Digest): AsyncIterableIterator<Uint8Array> {
  const pieces = streamAhead(digestToBytes(digest), opened)
  let isOpen = true
  const close = (): void => {
    if (isOpen) opened[Symbol.dispose]()
    isOpen = false
  }
  return {
    [Symbol.asyncIterator]() {
      return this
    },
    async next() {
      if (!isOpen) return { done: true, value: undefined }
      try {
        const step = await pieces.next()
        if (step.done === true) close()
        return step
      } catch (error) {
        close()
        throw error
      }
    },
    async return() {
      // Pieces that are asked for are read first: the blobs are open until then.
      await pieces.return()
      close()
      return { done: true, value: undefined }
    },
  }
}

interface FoundResult {
  /** The reader's to dispose. */
  readonly opened: OpenedEntry
  readonly digest: Digest
}

async function withResult<Result>(
  parts: OpenParts,
  request: Wanted,
  read: (found: FoundResult) => Result | Promise<Result>,
): Promise<Result | undefined> {
  const { store } = parts
  try {
    const found = await findOrPull(parts, request)
    if (found.kind === 'not-found') return miss(store, request, found.because)
    return await readEntry(parts, { ...found, request, read })
  } catch (error) {
    const failure = asTaskVaultError(error, `look up ${request.task}`)
    store.report({ kind: 'trouble', code: failure.code, message: failure.message })
    return undefined
  }
}

interface EntryReading<Result> extends Found {
  readonly request: Wanted
  readonly read: (found: FoundResult) => Result | Promise<Result>
}

async function readEntry<Result>(
  parts: OpenParts,
  { request, entry, pulled, read }: EntryReading<Result>,
): Promise<Result | undefined> {
  const { store } = parts
  try {
    const opened = await openEntry(store, entry)
    const digest = onlyFile(opened.manifest)
    if (digest === undefined) {
      opened[Symbol.dispose]()
      return miss(store, request, { kind: 'outputs-changed' })
    }
    const result = await read({ opened, digest })
    recordHit(store, entry, { savedMs: opened.manifest.durationMs })
    store.report({ kind: 'hit', task: request.task, key: request.work.key })
    return result
  } catch (error) {
    if (!isDamage(error)) throw error
    if (!isCurrent(store, entry)) return await withResult(parts, request, read)
    await dismissDamaged(store, entry, error)
    // As for a restore.
    if (pulled?.isAssembled === true)
      return await withResult(parts, { ...request, isWhole: true }, read)
    if (pulled !== undefined) dismissRecord(parts, pulled.record, error.code)
    return miss(store, request, { kind: 'damaged', detail: error.message })
  }
}

function onlyFile({ outputs }: Manifest): Digest | undefined {
  const [only, ...more] = outputs
  return only?.entry.kind === 'file' && more.length === 0 ? only.entry.digest : undefined
}

function miss(
  store: Store,
  { task, work }: ResultRequest,
  because: ChangeReason | undefined,
): undefined {
  const reasons = because === undefined ? [] : [because]
  recordMiss(store, { task, key: work.key, reasons })
  store.report({ kind: 'missed', task, key: work.key, reasons })
  return undefined
}
