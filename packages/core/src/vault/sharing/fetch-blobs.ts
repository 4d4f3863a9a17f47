import { statSync } from 'node:fs'
import { TaskVaultError } from '../../errors.ts'
import { splitBlobName } from '../../model/blob-name.ts'
import { digestToBytes } from '../../model/digest.ts'
import type { EntryRecord, NeededBlob } from '../../model/entry-record.ts'
import type { BlobStore } from '../../remote/blob-store.ts'
import { blobPath } from '../../store/blobs/blob-path.ts'
import { receiveBlob } from '../../store/blobs/receive-blob.ts'
import type { Store } from '../../store/store.ts'
import type { OpenParts } from '../open-parts.ts'
import { counted } from './read-part.ts'
import { transferAll } from './transfer-all.ts'

export interface Fetching {
  /** Verified: what it gives without throwing are the bytes that were asked for. */
  readonly blobs: BlobStore
  readonly record: EntryRecord
}

/**
 * Fetches all blobs of an entry that the local store lacks, all at once: the manifest would tell no more
 * than the record does. The first failure ends all transfers.
 * @returns how many bytes came.
 * @throws {TaskVaultError} BLOB_MISSING when the remote store has lost one; BLOB_CORRUPT when it lies.
 */
export async function fetchBlobs(
  { store }: Pick<OpenParts, 'store'>,
  { blobs, record }: Fetching,
): Promise<number> {
  const needed = new Map([record.manifest, ...record.packs].map((blob) => [blob.name, blob]))
  const wanted = [...needed.values()].filter((blob) => !isHere(store, blob))
  const total = wanted.reduce((sum, blob) => sum + blob.sizeBytes, 0)
  const count = countReceived(store, total)
  await transferAll(
    wanted.map(({ name, sizeBytes }) => async (signal) => {
      const stream = await blobs.get(name, { range: { start: 0, end: sizeBytes }, signal })
      if (stream === undefined) throw lost(record)
      await receiveBlob(store, splitBlobName(name).digest, counted(stream, count))
    }),
  )
  return total
}

/** Reports how many of `total` bytes have come. */
export function countReceived({ report }: Store, total: number): (bytes: number) => void {
  let done = 0
  return (bytes) => {
    done += bytes
    report({ kind: 'progress', phase: 'receiving', done, total, unit: 'bytes' })
  }
}

/** Whether a blob is in the store, as large as it should be. */
export function isHere(
  { database, cacheDirectory }: Store,
  { name, sizeBytes }: NeededBlob,
): boolean {
  const { digest } = splitBlobName(name)
  const row = database.prepare('SELECT size FROM blobs WHERE digest = ?').get(digestToBytes(digest))
  if (Number(row?.['size']) !== sizeBytes) return false
  return statSync(blobPath(cacheDirectory, digest), { throwIfNoEntry: false })?.size === sizeBytes
}

function lost({ task }: EntryRecord): TaskVaultError {
  return new TaskVaultError(
    'BLOB_MISSING',
    `The remote store has an entry of ${task}, but not everything that belongs to it`,
    { hint: 'If bucket rules remove old objects, let objects live longer than entries.' },
  )
}
