import { removeFile } from '../../../files/remove-file.ts'
import { blobNameOf } from '../../../model/blob-name.ts'
import type { Digest } from '../../../model/digest.ts'
import type { EntryRecord } from '../../../model/entry-record.ts'
import { blobPath } from '../../../store/blobs/blob-path.ts'
import { findIndexedBlob } from '../../../store/blobs/indexed-blob.ts'
import type { UsedBlob } from '../../../store/blobs/packed-contents.ts'
import { publishEntry } from '../../../store/entries/publish-entry.ts'
import { writeManifest } from '../../../store/entries/write-manifest.ts'
import type { Store } from '../../../store/store.ts'
import { checkReceivedManifest, damaged } from './adopt-received.ts'
import type { ReceivedManifest } from './read-remote-manifest.ts'

export interface Assembled {
  readonly record: EntryRecord
  readonly received: ReceivedManifest
  /** Blobs of this store that hold all that lies in packs of the record that are not here. */
  readonly used: readonly UsedBlob[]
  readonly receivedBytes: number
}

/**
 * Publishes an entry of elsewhere in the local store, with a manifest of our own: the same but for its packs,
 * which are those of this store that hold its contents.
 * @returns false when one of them has gone meanwhile.
 * @throws {TaskVaultError} ENTRY_DAMAGED as `adoptReceived`; and as the database does.
 */
export function adoptAssembled(
  store: Store,
  { record, received, used, receivedBytes }: Assembled,
): boolean {
  checkReceivedManifest(received.manifest, record)
  const numbers = new Map(used.map(({ number, digest }) => [digest, number]))
  for (const pack of received.manifest.blobs) {
    const number = findPack(store, record, pack)
    if (number !== undefined) numbers.set(pack, number)
  }
  const manifest = { ...received.manifest, blobs: [...numbers.keys()] }
  const manifestBlob = writeManifest(store, manifest, received.attached)
  const published = publishEntry(store, {
    manifest,
    manifestBlob,
    blobNumbers: [...numbers.values()],
    strategy: 'lru',
    received: { scope: record.scope, bytes: receivedBytes, expiresAtMs: record.expiresAtMs },
  })
  if (published.kind === 'published') return true
  removeFile(blobPath(store.cacheDirectory, manifestBlob.digest))
  return false
}

/** The number of a pack that was here before; undefined for one whose contents have been found. */
function findPack(store: Store, record: EntryRecord, pack: Digest): number | undefined {
  const name = blobNameOf({ algorithm: store.algorithm.name, digest: pack })
  if (!record.packs.some((known) => known.name === name))
    throw damaged('its manifest needs a pack that its record does not')
  return findIndexedBlob(store, pack)?.number
}
