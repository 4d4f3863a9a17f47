import { digestFromBytes, digestToBytes } from '../../model/digest.ts'
import type { Digest } from '../../model/digest.ts'
import type { Row } from '../database/database.ts'
import { adoptManifest, isUnusable } from '../entries/adopt-manifest.ts'
import { encodeEntryMetadata } from '../entries/entry-metadata.ts'
import { afterRemovals } from '../removal/after-removals.ts'
import type { Finding } from '../repair/findings.ts'
import type { Store } from '../store.ts'
import { blobPath } from './blob-path.ts'
import { registerBlob } from './contents.ts'
import { takeOutBlob } from './damaged-blob.ts'
import { isIndexed } from './indexed-blob.ts'
import type { IndexedBlob } from './indexed-blob.ts'
import { openBlob, readManifest } from './pack-reader.ts'
import type { BlobReader } from './pack-reader.ts'

/** Reads all of a blob and compares it with the index. @returns the first thing that is wrong. */
export async function verifyBlob(store: Store, blob: IndexedBlob): Promise<Finding | undefined> {
  const { digest } = blob
  try {
    using reader = await openBlob(blobPath(store.cacheDirectory, digest))
    reader.verify(digest)
    if (reader.sizeBytes !== blob.sizeBytes)
      return corrupt(store, digest, 'its size is not what the index says')
    return reader.header.kind === 'pack'
      ? verifyContents(store, blob, reader)
      : verifyEntry(store, blob, reader)
  } catch (error) {
    if (!isUnusable(error)) throw error
    if (error.code !== 'BLOB_MISSING') return corrupt(store, digest, error.message)
    return afterRemovals(store, () => describeMissing(store, digest))
  }
}

/**
 * Mends what `verifyBlob` found.
 * @returns whether that brought an entry back.
 * @throws {TaskVaultError} DATABASE_CORRUPT when the index turns out to be damaged by the way.
 */
export async function repairBlob(store: Store, finding: Finding): Promise<boolean> {
  switch (finding.kind) {
    case 'blob-corrupt':
    case 'blob-missing':
      takeOutBlob(store, finding.digest)
      return false
    case 'contents-wrong':
      await reindexContents(store, finding.digest)
      return false
    case 'entry-mismatch':
      forgetEntries(store, finding.digest)
      return await adoptManifest(store, finding.digest)
    case 'index-damaged':
    case 'counter-wrong':
    case 'entry-forgotten':
    case 'file-unknown':
      return false
  }
}

function verifyContents(
  { database }: Store,
  blob: IndexedBlob,
  reader: BlobReader,
): Finding | undefined {
  const names = new Set(reader.listDigests().map(digestFromBytes))
  const rows = database.prepare('SELECT digest FROM contents WHERE blob = ?').all(blob.number)
  // The other way round is no fault: a content that also lay in a blob which is gone is just not found.
  const count = rows.filter(
    ({ digest }) => !(digest instanceof Uint8Array && names.has(digestFromBytes(digest))),
  ).length
  return count === 0 ? undefined : { kind: 'contents-wrong', digest: blob.digest, count }
}

function verifyEntry(
  store: Store,
  { digest, number }: IndexedBlob,
  reader: BlobReader,
): Finding | undefined {
  const manifest = readManifest(reader)
  const row = store.database
    .prepare(
      'SELECT e.* FROM cache_entries AS e JOIN entry_blobs AS b ON b.entry = e.number WHERE b.blob = ?',
    )
    .get(number)
  // Published a moment from now, or removed a moment ago; collection sees to what stays.
  if (row === undefined) return undefined
  const expected: Row = {
    hash: manifest.key,
    scope: manifest.scope,
    task: manifest.task,
    size: manifest.sizeBytes,
    metadata: encodeEntryMetadata(manifest),
    blob_path: `blobs/${digest}`,
  }
  const different = Object.keys(expected).find((column) => row[column] !== expected[column])
  const detail = different ?? (needsSame(store, row, manifest.blobs) ? undefined : 'blobs')
  if (detail === undefined) return undefined
  return { kind: 'entry-mismatch', digest, task: manifest.task, key: manifest.key, detail }
}

/** Whether the index has the entry need the packs that the manifest names, and its own blob. */
function needsSame({ database }: Store, row: Row, packs: readonly Digest[]): boolean {
  const needed = database
    .prepare(
      'SELECT b.digest FROM entry_blobs AS e JOIN blobs AS b ON b.number = e.blob WHERE e.entry = ?',
    )
    .all(Number(row['number']))
    .flatMap(({ digest }) => (digest instanceof Uint8Array ? digestFromBytes(digest) : []))
  return needed.length === packs.length + 1 && packs.every((pack) => needed.includes(pack))
}

async function reindexContents(store: Store, digest: Digest): Promise<void> {
  using reader = await openBlob(blobPath(store.cacheDirectory, digest))
  const { database } = store
  database.transaction('relaxed', () => {
    database
      .prepare('DELETE FROM contents WHERE blob = (SELECT number FROM blobs WHERE digest = ?)')
      .run(digestToBytes(digest))
  })
  // Whether what was cut is what its list of parts says, nobody has checked.
  const contents = reader.listWholeDigests()
  registerBlob(store, { digest, sizeBytes: reader.sizeBytes, contents })
}

/** Takes the rows of entries out that claim a manifest's blob; its file stays. */
function forgetEntries({ database }: Store, digest: Digest): void {
  database.transaction('durable', () => {
    database
      .prepare(
        `DELETE FROM cache_entries WHERE number IN
           (SELECT entry FROM entry_blobs WHERE blob = (SELECT number FROM blobs WHERE digest = ?))`,
      )
      .run(digestToBytes(digest))
  })
}

function corrupt(store: Store, digest: Digest, detail: string): Finding {
  return { kind: 'blob-corrupt', digest, detail, entries: countEntries(store, digest) }
}

/** Undefined when it was removed properly since its row was read. */
function describeMissing(store: Store, digest: Digest): Finding | undefined {
  if (!isIndexed(store, digest)) return undefined
  return { kind: 'blob-missing', digest, entries: countEntries(store, digest) }
}

function countEntries({ database }: Store, digest: Digest): number {
  const row = database
    .prepare(
      'SELECT count(*) AS entries FROM entry_blobs WHERE blob = (SELECT number FROM blobs WHERE digest = ?)',
    )
    .get(digestToBytes(digest))
  return Number(row?.['entries'])
}
