import { isTaskVaultError } from '../errors.ts'
import type { TaskVaultError } from '../errors.ts'
import { digestToBytes } from '../model/digest.ts'
import type { Digest } from '../model/digest.ts'
import type { Manifest } from '../model/manifest.ts'
import { blobPath } from '../store/blobs/blob-path.ts'
import { dropDamagedBlob } from '../store/blobs/damaged-blob.ts'
import { openBlob, readManifest } from '../store/blobs/pack-reader.ts'
import { indexFiles, markDamaged } from '../store/database/index-files.ts'
import type { EntryRow } from '../store/entries/entries.ts'
import { quarantineEntry } from '../store/repair/quarantine.ts'
import type { Store } from '../store/store.ts'
import { answersTo } from './open-entry.ts'

/**
 * Takes a damaged entry out of the index, and with it every blob of it that does not stand a check of
 * each byte: as long as the index names such a blob, later saves would refer to it instead of storing
 * their contents.
 *
 * When the index itself is what is wrong, nothing is removed on its word: it is rebuilt when it is
 * opened next.
 */
export async function dismissDamaged(
  store: Store,
  entry: EntryRow,
  error: TaskVaultError,
): Promise<void> {
  const manifest = await readSoundManifest(store, entry)
  if (isOfAnother(manifest, entry) || !ownsManifest(store, entry)) {
    markDamaged(indexFiles(store.cacheDirectory))
    const message = `The index is damaged: it gives ${entry.task} the blob of another entry`
    store.report({ kind: 'trouble', code: 'DATABASE_CORRUPT', message })
    return
  }
  for (const digest of manifest?.blobs ?? []) {
    if (!(await isSound(store, digest))) dropDamagedBlob(store, digest)
  }
  quarantineEntry(store, entry, error)
}

/** The manifest that the index names; undefined when it is what is damaged. */
async function readSoundManifest(store: Store, entry: EntryRow): Promise<Manifest | undefined> {
  try {
    using blob = await openBlob(blobPath(store.cacheDirectory, entry.blob))
    blob.verifyFile(entry.blob)
    return readManifest(blob)
  } catch (error) {
    if (!isTaskVaultError(error)) throw error
    return undefined
  }
}

function isOfAnother(manifest: Manifest | undefined, entry: EntryRow): boolean {
  return manifest !== undefined && !answersTo(manifest, entry)
}

/** Whether the index counts the manifest's blob among those that the entry needs; true of an entry that has gone. */
function ownsManifest({ database }: Store, { number, blob }: EntryRow): boolean {
  const row = database
    .prepare(
      `SELECT EXISTS (SELECT 1 FROM entry_blobs AS n JOIN blobs AS b ON b.number = n.blob
         WHERE n.entry = e.number AND b.digest = ?) AS owned FROM cache_entries AS e WHERE e.number = ?`,
    )
    .get(digestToBytes(blob), number)
  return row === undefined || row['owned'] === 1
}

async function isSound(store: Store, digest: Digest): Promise<boolean> {
  try {
    using blob = await openBlob(blobPath(store.cacheDirectory, digest))
    blob.verify(digest)
    return true
  } catch (error) {
    if (isTaskVaultError(error, 'BLOB_CORRUPT', 'BLOB_MISSING')) return false
    // That this process cannot read a later format, or lacks an algorithm, says nothing of the blob.
    if (isTaskVaultError(error, 'FORMAT_UNSUPPORTED', 'HASH_ALGORITHM_UNKNOWN')) return true
    throw error
  }
}
