import { isTaskVaultError } from '../errors.ts'
import type { TaskVaultError } from '../errors.ts'
import type { Digest } from '../model/digest.ts'
import { blobPath } from '../store/blob-path.ts'
import { dropDamagedBlob } from '../store/damaged-blob.ts'
import type { EntryRow } from '../store/entries.ts'
import { openBlob, readManifest } from '../store/pack-reader.ts'
import { quarantineEntry } from '../store/quarantine.ts'
import type { Store } from '../store/store.ts'

/**
 * Takes a damaged entry out of the index, and with it every blob of it that does not stand a check of
 * each byte: as long as the index names such a blob, later saves would refer to it instead of storing
 * their contents.
 */
export async function dismissDamaged(
  store: Store,
  entry: EntryRow,
  error: TaskVaultError,
): Promise<void> {
  for (const digest of await listPacks(store, entry)) {
    if (!(await isSound(store, digest))) dropDamagedBlob(store, digest)
  }
  quarantineEntry(store, entry, error)
}

/** The packs that the manifest names; none when the manifest itself is what is damaged. */
async function listPacks(store: Store, entry: EntryRow): Promise<readonly Digest[]> {
  try {
    using blob = await openBlob(blobPath(store.cacheDirectory, entry.blob))
    blob.verifyFile(entry.blob)
    return readManifest(blob).blobs
  } catch (error) {
    if (!isTaskVaultError(error)) throw error
    return []
  }
}

async function isSound(store: Store, digest: Digest): Promise<boolean> {
  try {
    using blob = await openBlob(blobPath(store.cacheDirectory, digest))
    blob.verify(digest)
    return true
  } catch (error) {
    // A limit of this process says nothing of the blob.
    if (isTaskVaultError(error, 'BLOB_CORRUPT', 'BLOB_MISSING', 'FORMAT_UNSUPPORTED')) return false
    throw error
  }
}
