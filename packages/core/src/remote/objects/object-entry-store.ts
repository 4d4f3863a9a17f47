import { isTaskVaultError } from '../../errors.ts'
import { sha256 } from '../../hashing/sha256.ts'
import type { BlobName } from '../../model/blob-name.ts'
import type { EntryDraft, EntryRecord } from '../../model/entry-record.ts'
import { parseEntryRecord } from '../../model/parse-entry-record.ts'
import type { BlobStore, CallOptions } from '../blob-store.ts'
import type { EntryQuery, EntryStore, PublishOutcome } from '../entry-store.ts'
import { nonsense } from '../failures.ts'
import { listEntryObjects } from './list-entry-objects.ts'
import { entryObjectKey, recentObjectKey, taskSegment } from './object-layout.ts'
import type { ObjectStore } from './object-store.ts'

export interface ObjectEntryStoreOptions {
  readonly objects: ObjectStore
  /** Over the same objects. */
  readonly blobs: BlobStore
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

/** Everybody who can write to a folder or bucket writes here: nobody is there to tell them apart. */
const SCOPE = 'shared'
const LONGEST_RECORD = 2 * 1024 * 1024
/** Entries that are in the way of a publication, one after the other: more are a fight with others. */
const MOST_REPLACEMENTS = 3

/**
 * Entries in a folder or a bucket, without a server: one object per entry, written once. They are not signed, counted or
 * evicted; an expired entry is removed when it is next read.
 */
export function createObjectEntryStore(options: ObjectEntryStoreOptions): EntryStore {
  const { objects, now = Date.now } = options
  const shelf: Shelf = { ...options, now, found: new WeakMap() }
  return {
    async find(task, key, call) {
      const record = await readRecord(shelf, entryObjectKey(task, key), call)
      if (record === undefined || !isExpired(shelf, record)) return record
      await withdrawIfAllowed(shelf, { ...record, task, key }, call)
      return undefined
    },
    async list(query, call) {
      const found: EntryRecord[] = []
      for await (const key of listEntryObjects(objects, query, call)) {
        const record = await readUnlessMalformed(shelf, key, call)
        if (record !== undefined && isWanted(shelf, record, query)) found.push(record)
        if (found.length >= query.limit) break
      }
      return found
    },
    publish: async (draft, call) => await publish(shelf, draft, call),
    async remove({ task, key }, call) {
      const record = await readUnlessMalformed(shelf, entryObjectKey(task, key), call)
      if (record === undefined) return false
      await withdraw(shelf, { ...record, task, key }, call)
      return true
    },
  }
}

interface Shelf {
  readonly objects: ObjectStore
  readonly blobs: BlobStore
  readonly now: () => number
  /** What was there when a draft was published without success: asked for once. */
  readonly found: WeakMap<EntryDraft, ReadonlySet<BlobName>>
}

function isWanted(shelf: Shelf, record: EntryRecord, { taskPrefix = '' }: EntryQuery): boolean {
  // Of a long name, only the beginning could be looked for.
  return record.task.startsWith(taskPrefix) && !isExpired(shelf, record)
}

function isExpired({ now }: Shelf, { expiresAtMs }: EntryRecord): boolean {
  return expiresAtMs !== undefined && expiresAtMs <= now()
}

async function readRecord(
  { objects }: Shelf,
  objectKey: string,
  call: CallOptions | undefined,
): Promise<EntryRecord | undefined> {
  const stream = await objects.get(objectKey, call)
  if (stream === undefined) return undefined
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of stream) {
    bytes += piece.length
    if (bytes > LONGEST_RECORD) throw nonsense('The record of an entry is far too long')
    pieces.push(piece)
  }
  return parseEntryRecord(parseJson(Buffer.concat(pieces).toString()))
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw nonsense('The record of an entry is not JSON', error)
  }
}

async function readUnlessMalformed(
  shelf: Shelf,
  objectKey: string,
  call: CallOptions | undefined,
): Promise<EntryRecord | undefined> {
  try {
    return await readRecord(shelf, objectKey, call)
  } catch (error) {
    if (isTaskVaultError(error, 'REMOTE_INVALID')) return undefined
    throw error
  }
}

/** What a record says of its own task and key is not to be believed: it could name another entry. */
type Withdrawn = Pick<EntryRecord, 'task' | 'key' | 'createdAtMs'>

/** Whoever may only read leaves it to those who write, and has found nothing. */
async function withdrawIfAllowed(
  shelf: Shelf,
  record: Withdrawn,
  call: CallOptions | undefined,
): Promise<void> {
  try {
    await withdraw(shelf, record, call)
  } catch (error) {
    if (call?.signal?.aborted === true) throw call.signal.reason
    if (!isTaskVaultError(error) || error.code === 'REMOTE_UNAVAILABLE') throw error
  }
}

async function withdraw(
  { objects }: Shelf,
  { task, key, createdAtMs }: Withdrawn,
  call: CallOptions | undefined,
): Promise<void> {
  await objects.delete(entryObjectKey(task, key), call)
  await objects.delete(recentObjectKey(task, key, createdAtMs), call)
}

async function publish(
  shelf: Shelf,
  draft: EntryDraft,
  call: CallOptions | undefined,
): Promise<PublishOutcome> {
  const { objects, now } = shelf
  const { task, key } = draft
  // A draft that comes again found nothing in its way; what has come since is met when it is written.
  const standing = shelf.found.has(draft) ? undefined : await findUsable(shelf, draft, call)
  if (standing !== undefined) return asKnown(standing, draft)
  const names = await findMissing(shelf, draft, call)
  if (names.length > 0) return { kind: 'blobs-missing', names }
  const record: EntryRecord = {
    ...draft,
    id: `${taskSegment(task)}.${key}`,
    scope: SCOPE,
    createdAtMs: now(),
    writer: undefined,
    restored: [],
    signature: undefined,
  }
  for (let attempt = 0; attempt <= MOST_REPLACEMENTS; attempt += 1) {
    if (await objects.putIfAbsent(entryObjectKey(task, key), encode(record), call)) {
      await objects.putIfAbsent(recentObjectKey(task, key, record.createdAtMs), EMPTY, call)
      return { kind: 'published', record }
    }
    const known = await findUsable(shelf, draft, call)
    if (known !== undefined) return asKnown(known, draft)
  }
  return { kind: 'skipped', because: 'others keep replacing this very entry' }
}

/** Which of a draft's blobs are not there. A draft that comes again, with them, is asked about them alone. */
async function findMissing(
  { blobs, found }: Shelf,
  draft: EntryDraft,
  call: CallOptions | undefined,
): Promise<readonly BlobName[]> {
  const earlier = found.get(draft)
  const needed = [draft.manifest, ...draft.packs].map(({ name }) => name)
  const wanted = needed.filter((name) => earlier?.has(name) !== true)
  const missing = await blobs.findMissing(wanted, call)
  found.set(draft, new Set(needed.filter((name) => !missing.includes(name))))
  return missing
}

function asKnown(record: EntryRecord, { manifest }: EntryDraft): PublishOutcome {
  return { kind: 'known', record, isSame: record.manifest.name === manifest.name }
}

/** The entry that is there; undefined without one, or when it was of no use to anybody and was removed. */
async function findUsable(
  shelf: Shelf,
  { task, key }: EntryDraft,
  call: CallOptions | undefined,
): Promise<EntryRecord | undefined> {
  const objectKey = entryObjectKey(task, key)
  if ((await shelf.objects.head(objectKey, call)) === undefined) return undefined
  const known = await readUnlessMalformed(shelf, objectKey, call)
  if (known !== undefined && known.task === task && known.key === key) {
    const needed = [known.manifest, ...known.packs].map(({ name }) => name)
    // A bucket's own rules may have removed what nobody else would.
    const isWhole = (await shelf.blobs.findMissing(needed, call)).length === 0
    if (isWhole && !isExpired(shelf, known)) return known
  }
  await shelf.objects.delete(objectKey, call)
  return undefined
}

const EMPTY = { sizeBytes: 0, sha256: sha256Of(Buffer.alloc(0)), open: noPieces }

async function* noPieces(): AsyncGenerator<Uint8Array, void> {
  // Nothing.
}

function encode(record: EntryRecord) {
  const bytes = Buffer.from(`${JSON.stringify(record)}\n`)
  async function* open(): AsyncGenerator<Uint8Array, void> {
    yield bytes
  }
  return { sizeBytes: bytes.length, sha256: sha256Of(bytes), open }
}

function sha256Of(bytes: Buffer): string {
  return sha256.hash(bytes).toString('hex')
}
