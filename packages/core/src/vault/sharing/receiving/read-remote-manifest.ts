import { TaskVaultError } from '../../../errors.ts'
import { removeFile } from '../../../files/remove-file.ts'
import { digestToBytes } from '../../../model/digest.ts'
import type { TaskKey } from '../../../model/digest.ts'
import type { EntryRecord } from '../../../model/entry-record.ts'
import type { Manifest } from '../../../model/manifest.ts'
import type { TaskName } from '../../../model/task.ts'
import type { BlobStore } from '../../../remote/blob-store.ts'
import { temporaryBlobPath } from '../../../store/blobs/blob-path.ts'
import { createContentLocator } from '../../../store/blobs/content-locator.ts'
import { openBlob, readManifest } from '../../../store/blobs/pack-reader.ts'
import type { BlobReader } from '../../../store/blobs/pack-reader.ts'
import type { InlineContent } from '../../../store/blobs/packed-contents.ts'
import { writeReceived } from '../../../store/blobs/receive-blob.ts'
import type { OpenPieces } from '../../../store/blobs/receive-blob.ts'
import type { Store } from '../../../store/store.ts'
import { answersTo } from '../../open-entry.ts'
import type { OpenParts } from '../../open-parts.ts'
import { checkAlgorithm } from './adopt-received.ts'

type RemoteParts = Pick<OpenParts, 'store' | 'remote'>

/** A manifest larger than this tells no more than a small one, and costs more. */
const MOST_BYTES = 16 * 1024 * 1024

/**
 * What the remote store has under a key, without fetching what it holds; undefined when there is
 * nothing. Trouble is reported.
 */
export async function readRemoteManifest(
  { store, remote }: RemoteParts,
  { task, key }: { readonly task: TaskName; readonly key: TaskKey },
): Promise<Manifest | undefined> {
  return await remote?.attempt('read', async ({ blobs, entries }) => {
    const record = await entries.find(task, key)
    if (record === undefined) return undefined
    return await withManifestBlob(store, { blobs, record }, (blob) => {
      const manifest = readManifest(blob)
      if (answersTo(manifest, { task, key, scope: 'local' })) return manifest
      throw new TaskVaultError('ENTRY_DAMAGED', 'The remote store has another manifest there')
    })
  })
}

/**
 * What the remote store's newest entry of a task was made from, as it is stored, to compare with; undefined when there is
 * none, or when it does not lie in the manifest's blob itself. Trouble is reported.
 */
export async function readNewestFingerprint(
  { store, remote }: RemoteParts,
  task: TaskName,
): Promise<Buffer | undefined> {
  return await remote?.attempt('read', async ({ blobs, entries }) => {
    const [record] = await entries.list({ task, limit: 1 })
    return record && (await withManifestBlob(store, { blobs, record }, readFingerprint))
  })
}

/** What lies in a manifest's blob. */
export interface ReceivedManifest {
  readonly manifest: Manifest
  /** The contents beside it. */
  readonly attached: readonly InlineContent[]
}

/** All of a manifest's blob, verified; undefined when it is gone, or too large. @throws {TaskVaultError} ENTRY_DAMAGED, … */
export async function receiveManifest(
  store: Store,
  remote: RemoteManifest,
): Promise<ReceivedManifest | undefined> {
  return await withManifestBlob(store, remote, (blob) => {
    checkAlgorithm(blob, store)
    const { contents } = blob.index
    const attached = Array.from({ length: contents.count }, (_, row): InlineContent => {
      const content = contents.read(row)
      return { digest: content.digest, bytes: blob.readContent(content) }
    })
    // The manifest is the first.
    return { manifest: readManifest(blob), attached: attached.slice(1) }
  })
}

interface RemoteManifest {
  readonly blobs: BlobStore
  readonly record: EntryRecord
  readonly signal?: AbortSignal
}

/** Only for as long as it is looked at: what is not restored is not kept. */
async function withManifestBlob<Result>(
  { cacheDirectory, database }: Store,
  { blobs, record, signal }: RemoteManifest,
  read: (blob: BlobReader) => Result,
): Promise<Result | undefined> {
  const { name, sizeBytes } = record.manifest
  if (sizeBytes > MOST_BYTES || database.isReadOnly) return undefined
  const range = { start: 0, end: sizeBytes }
  const open: OpenPieces = async () => await blobs.get(name, { range, ...(signal && { signal }) })
  const path = temporaryBlobPath(cacheDirectory)
  try {
    if (!(await writeReceived(path, open))) return undefined
    using blob = await openBlob(path)
    return read(blob)
  } finally {
    removeFile(path)
  }
}

function readFingerprint(blob: BlobReader): Buffer | undefined {
  const { fingerprint } = readManifest(blob)
  if (fingerprint === undefined) return undefined
  const locator = createContentLocator([blob], blob.algorithm)
  const digest = digestToBytes(fingerprint.digest)
  if (locator.blobsOf(digest) === undefined) return undefined
  return locator.read(digest)
}
