import { asTaskVaultError, isTaskVaultError } from '../../errors.ts'
import type { Digest } from '../../model/digest.ts'
import { appendAudit } from '../audit/audit-log.ts'
import { removeWithin } from '../entries/remove-entry.ts'
import { moveToQuarantine } from '../repair/move-to-quarantine.ts'
import type { Store } from '../store.ts'
import { blobPath } from './blob-path.ts'
import { findIndexedBlob } from './indexed-blob.ts'
import { openBlobOf } from './pack-reader.ts'

/**
 * Takes a blob out of the store that is damaged or gone, with every entry that needs it: as long as
 * the index names it, saves would refer to it instead of storing its contents again.
 * @returns how many entries went with it.
 * @throws {TaskVaultError} DATABASE_CORRUPT, DATABASE_BUSY, DISK_FULL, …
 */
export function takeOutBlob(store: Store, digest: Digest): number {
  return store.database.transaction('durable', () => dropWithin(store, digest))
}

/** The same, for those who have better to do than to repair: trouble is reported, not thrown. */
export function dropDamagedBlob(store: Store, digest: Digest): number {
  if (store.database.isReadOnly) return 0
  try {
    return takeOutBlob(store, digest)
  } catch (error) {
    const { code, message } = asTaskVaultError(error, `drop blob ${digest}`)
    store.report({ kind: 'trouble', code, message })
    return 0
  }
}

function dropWithin(store: Store, digest: Digest): number {
  const { database } = store
  const known = findIndexedBlob(store, digest)
  // Before this lock was held, a save may have stored the same blob again.
  if (known !== undefined && isSound(store, digest, known.sizeBytes)) return 0
  moveToQuarantine(store.cacheDirectory, digest)
  if (known === undefined) return 0
  const { number } = known
  const entries = database.prepare('SELECT entry FROM entry_blobs WHERE blob = ?').all(number)
  for (const { entry } of entries) {
    removeWithin(store, Number(entry), {
      kind: 'QUARANTINE',
      operation: 'blob',
      fields: { blob: digest },
    })
  }
  // Already gone when only the entries above needed it.
  database.prepare('DELETE FROM entry_blobs WHERE blob = ?').run(number)
  database.prepare('DELETE FROM blobs WHERE number = ?').run(number)
  appendAudit(store, {
    kind: 'QUARANTINE',
    operation: 'blob',
    fields: { blob: digest, entries: entries.length },
  })
  return entries.length
}

function isSound(store: Store, digest: Digest, sizeBytes: number): boolean {
  try {
    using blob = openBlobOf(blobPath(store.cacheDirectory, digest), store.algorithm)
    blob?.verify(digest)
    return blob?.sizeBytes === sizeBytes
  } catch (error) {
    // Anything else says nothing about the blob.
    if (isTaskVaultError(error, 'BLOB_CORRUPT', 'BLOB_MISSING', 'FORMAT_UNSUPPORTED')) return false
    throw error
  }
}
