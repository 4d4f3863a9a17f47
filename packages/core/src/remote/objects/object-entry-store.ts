import { isTaskVaultError } from '../../errors.ts'
import type { EntryRecord } from '../../model/entry-record.ts'
import type { BlobStore, CallOptions } from '../blob-store.ts'
import type { EntryQuery, EntryStore } from '../entry-store.ts'
import { createCarriedBlobs } from './carried-blobs.ts'
import type { CarriedBlobs } from './carried-blobs.ts'
import { isExpired, readRecord, readUnlessMalformed } from './entry-shelf.ts'
import type { Shelf } from './entry-shelf.ts'
import { listEntryObjects } from './list-entry-objects.ts'
import { entryObjectKey, recentObjectKey } from './object-layout.ts'
import type { EntryObjects } from './object-store.ts'
import { publishEntry } from './publish-entry-object.ts'

export interface ObjectEntryStoreOptions {
  readonly objects: EntryObjects
  /** Over the same objects. */
  readonly blobs: BlobStore
  /** Over these blobs; without it, records carry none. */
  readonly carried?: CarriedBlobs
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

/**
 * Entries in a folder or a bucket, without a server: one object per entry, written once. They are not signed, counted or
 * evicted; an expired entry is removed when it is next read.
 */
export function createObjectEntryStore(options: ObjectEntryStoreOptions): EntryStore {
  const { objects, blobs, carried = createCarriedBlobs(blobs, 0), now = Date.now } = options
  const shelf: Shelf = { objects, blobs, carried, now, found: new WeakMap() }
  return {
    async find(task, key, call) {
      const record = (await readRecord(shelf, entryObjectKey(task, key), call))?.record
      if (record === undefined || !isExpired(shelf, record)) return record
      await withdrawIfAllowed(shelf, { ...record, task, key }, call)
      return undefined
    },
    async list(query, call) {
      const found: EntryRecord[] = []
      for await (const objectKey of listEntryObjects(objects, query, call)) {
        const record = (await readUnlessMalformed(shelf, objectKey, call))?.record
        const isOwn = record !== undefined && entryObjectKey(record.task, record.key) === objectKey
        if (isOwn && isWanted(shelf, record, query)) found.push(record)
        if (found.length >= query.limit) break
      }
      return found
    },
    publish: async (draft, call) => await publishEntry(shelf, draft, call),
    async remove({ task, key }, call) {
      const record = (await readUnlessMalformed(shelf, entryObjectKey(task, key), call))?.record
      if (record === undefined) return false
      await withdraw(shelf, { ...record, task, key }, call)
      return true
    },
  }
}

function isWanted(shelf: Shelf, record: EntryRecord, { taskPrefix = '' }: EntryQuery): boolean {
  // Of a long name, only the beginning could be looked for.
  return record.task.startsWith(taskPrefix) && !isExpired(shelf, record)
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
