import { isTaskVaultError } from '../../errors.ts'
import type { TaskVaultError } from '../../errors.ts'
import type { Digest } from '../../model/digest.ts'
import type { Manifest } from '../../model/manifest.ts'
import { appendAudit } from '../audit/audit-log.ts'
import { blobPath } from '../blobs/blob-path.ts'
import { registerBlob } from '../blobs/contents.ts'
import { findIndexedBlob, isIndexed } from '../blobs/indexed-blob.ts'
import { openBlob, readManifest } from '../blobs/pack-reader.ts'
import type { Store } from '../store.ts'
import { insertEntry } from './insert-entry.ts'

/**
 * Enters the entry of a manifest that the index does not know: the index went back to an earlier state,
 * or the save died just before it was published. Removing an entry removes its manifest first, so what
 * was removed is not brought back.
 * @returns whether there is an entry now; not when the manifest is damaged, a pack is gone, or there
 * is an entry for the key already.
 */
export async function adoptManifest(store: Store, digest: Digest): Promise<boolean> {
  const found = await readSound(store, digest)
  if (found === undefined) return false
  const { manifest, sizeBytes } = found
  const numbers: number[] = []
  for (const pack of manifest.blobs) {
    const number = findIndexedBlob(store, pack)?.number ?? (await registerPack(store, pack))
    if (number === undefined) return false
    numbers.push(number)
  }
  return store.database.transaction('durable', () => {
    if (manifest.blobs.some((pack) => !isIndexed(store, pack))) return false
    const known = store.database
      .prepare('SELECT 1 FROM cache_entries WHERE hash = ? AND scope = ?')
      .get(manifest.key, manifest.scope)
    if (known !== undefined) return false
    insertEntry(store.database, {
      manifest,
      manifestBlob: { digest, sizeBytes },
      blobNumbers: numbers,
      strategy: 'lru',
      createdAtMs: store.now(),
      expiresAtMs: manifest.expiresAtMs,
    })
    const { task, key } = manifest
    appendAudit(store, {
      kind: 'SAVE',
      operation: 'adopt',
      task,
      key,
      fields: { size: manifest.sizeBytes },
    })
    return true
  })
}

async function readSound(
  store: Store,
  digest: Digest,
): Promise<{ readonly manifest: Manifest; readonly sizeBytes: number } | undefined> {
  try {
    using blob = await openBlob(blobPath(store.cacheDirectory, digest))
    if (blob.header.kind !== 'manifest') return undefined
    blob.verify(digest)
    return { manifest: readManifest(blob), sizeBytes: blob.sizeBytes }
  } catch (error) {
    if (isUnusable(error)) return undefined
    throw error
  }
}

async function registerPack(store: Store, digest: Digest): Promise<number | undefined> {
  try {
    using blob = await openBlob(blobPath(store.cacheDirectory, digest))
    blob.verify(digest)
    // It may have come from elsewhere: whether their parts make up what was cut, nobody has checked.
    const contents = blob.listWholeDigests()
    return registerBlob(store, { digest, sizeBytes: blob.sizeBytes, contents })
  } catch (error) {
    if (isUnusable(error)) return undefined
    throw error
  }
}

/** Whether an error says that a blob is damaged, gone, or none of this version's. */
export function isUnusable(error: unknown): error is TaskVaultError {
  return isTaskVaultError(
    error,
    'BLOB_CORRUPT',
    'BLOB_MISSING',
    'ENTRY_DAMAGED',
    'TASK_NAME_INVALID',
    'FORMAT_UNSUPPORTED',
    'HASH_ALGORITHM_UNKNOWN',
  )
}
