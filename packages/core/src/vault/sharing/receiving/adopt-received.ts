import { TaskVaultError } from '../../../errors.ts'
import { syncDirectory } from '../../../files/write-atomically.ts'
import { blobNameOf, splitBlobName } from '../../../model/blob-name.ts'
import type { Digest } from '../../../model/digest.ts'
import type { EntryRecord } from '../../../model/entry-record.ts'
import type { Manifest } from '../../../model/manifest.ts'
import { blobPath, blobsDirectory } from '../../../store/blobs/blob-path.ts'
import { registerBlob } from '../../../store/blobs/contents.ts'
import { findIndexedBlob } from '../../../store/blobs/indexed-blob.ts'
import { openBlob, readManifest } from '../../../store/blobs/pack-reader.ts'
import type { BlobReader } from '../../../store/blobs/pack-reader.ts'
import { noteReceived } from '../../../store/blobs/received-packs.ts'
import { publishEntry } from '../../../store/entries/publish-entry.ts'
import type { Store } from '../../../store/store.ts'
import { answersTo } from '../../open-entry.ts'

/**
 * Publishes an entry in the local store whose blobs have come from elsewhere.
 *
 * What a pack says of its contents is believed only as far as restores check it: its contents are not
 * entered into the index, lest a later save refer to them in place of storing its own.
 * @throws {TaskVaultError} ENTRY_DAMAGED when the manifest is not the one of this entry, or needs more
 * than the record names; BLOB_CORRUPT, BLOB_MISSING, FORMAT_UNSUPPORTED; and as the database does.
 */
export async function adoptReceived(
  store: Store,
  record: EntryRecord,
  receivedBytes: number,
): Promise<void> {
  const { digest } = splitBlobName(record.manifest.name)
  const manifest = await readReceived(store, digest)
  checkReceivedManifest(manifest, record)
  syncDirectory(blobsDirectory(store.cacheDirectory))
  const blobNumbers: number[] = []
  for (const pack of manifest.blobs) blobNumbers.push(await registerPack(store, { record, pack }))
  const published = publishEntry(store, {
    manifest,
    manifestBlob: { digest, sizeBytes: record.manifest.sizeBytes },
    blobNumbers,
    strategy: 'lru',
    received: { scope: record.scope, bytes: receivedBytes, expiresAtMs: record.expiresAtMs },
  })
  if (published.kind === 'published') return
  throw new TaskVaultError('DATABASE_BUSY', 'What was received was removed at once', {
    hint: 'Another process is emptying this cache; try again when it is done.',
  })
}

/** @throws {TaskVaultError} ENTRY_DAMAGED when the manifest is not the one of this entry. */
export function checkReceivedManifest(manifest: Manifest, { task, key }: EntryRecord): void {
  if (!answersTo(manifest, { task, key, scope: 'local' }))
    throw damaged('its manifest is of another entry')
}

async function readReceived(store: Store, digest: Digest): Promise<Manifest> {
  using blob = await openBlob(blobPath(store.cacheDirectory, digest))
  checkAlgorithm(blob, store)
  return readManifest(blob)
}

/** @throws {TaskVaultError} ENTRY_DAMAGED when a manifest's blob is of another hash algorithm than the store. */
export function checkAlgorithm({ header }: BlobReader, { algorithm }: Store): void {
  if (header.algorithm !== algorithm.name)
    throw damaged('its manifest is of another hash algorithm')
}

interface ReceivedPack {
  readonly record: EntryRecord
  readonly pack: Digest
}

async function registerPack(store: Store, { record, pack }: ReceivedPack): Promise<number> {
  const name = blobNameOf({ algorithm: store.algorithm.name, digest: pack })
  const sizeBytes = record.packs.find((known) => known.name === name)?.sizeBytes
  if (sizeBytes === undefined) throw damaged('its manifest needs a pack that its record does not')
  const known = findIndexedBlob(store, pack)
  if (known !== undefined) return known.number
  using blob = await openBlob(blobPath(store.cacheDirectory, pack))
  if (blob.header.kind !== 'pack') throw damaged('one of its packs is not a pack')
  noteReceived(store, pack, record.task)
  return registerBlob(store, { digest: pack, sizeBytes, contents: [] })
}

export function damaged(detail: string): TaskVaultError {
  return new TaskVaultError('ENTRY_DAMAGED', `An entry from the remote store is wrong: ${detail}`)
}
