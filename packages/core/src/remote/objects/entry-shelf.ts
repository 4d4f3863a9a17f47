import { isTaskVaultError } from '../../errors.ts'
import type { BlobName } from '../../model/blob-name.ts'
import type { EntryDraft, EntryRecord } from '../../model/entry-record.ts'
import { parseEntryRecord } from '../../model/parse-entry-record.ts'
import type { BlobStore, CallOptions } from '../blob-store.ts'
import { nonsense } from '../failures.ts'
import type { CarriedBlobs } from './carried-blobs.ts'
import type { EntryObjects } from './object-store.ts'

/** Where the records of entries lie as objects. */
export interface Shelf {
  readonly objects: EntryObjects
  readonly blobs: BlobStore
  readonly carried: CarriedBlobs
  readonly now: () => number
  /** What was there when a draft was published without success: asked for once. */
  readonly found: WeakMap<EntryDraft, ReadonlySet<BlobName>>
}

const LONGEST_RECORD = 2 * 1024 * 1024

export function isExpired({ now }: Shelf, { expiresAtMs }: EntryRecord): boolean {
  return expiresAtMs !== undefined && expiresAtMs <= now()
}

export interface StoredRecord {
  readonly record: EntryRecord
  /** The blobs that it carries. */
  readonly carries: ReadonlySet<BlobName>
}

/** @throws {TaskVaultError} REMOTE_INVALID when it is no record. */
export async function readRecord(
  { objects, carried }: Shelf,
  objectKey: string,
  call: CallOptions | undefined,
): Promise<StoredRecord | undefined> {
  const stream = await objects.get(objectKey, call)
  if (stream === undefined) return undefined
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of stream) {
    bytes += piece.length
    if (bytes > LONGEST_RECORD) throw nonsense('The record of an entry is far too long')
    pieces.push(piece)
  }
  const value = parseJson(Buffer.concat(pieces).toString())
  const record = parseEntryRecord(value)
  return { record, carries: await carried.accept(record, (value as RecordFile).carried) }
}

/** What is not of the record itself. */
interface RecordFile {
  readonly carried?: unknown
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw nonsense('The record of an entry is not JSON', error)
  }
}

export async function readUnlessMalformed(
  shelf: Shelf,
  objectKey: string,
  call: CallOptions | undefined,
): Promise<StoredRecord | undefined> {
  try {
    return await readRecord(shelf, objectKey, call)
  } catch (error) {
    if (isTaskVaultError(error, 'REMOTE_INVALID')) return undefined
    throw error
  }
}
