import { writeAtomically } from '../../files/write-atomically.ts'
import { digestFromBytes } from '../../model/digest.ts'
import { encodeManifest } from '../../model/manifest.ts'
import type { Manifest } from '../../model/manifest.ts'
import { blobPath } from '../blobs/blob-path.ts'
import { buildBlob } from '../blobs/build-blob.ts'
import type { InlineContent } from '../blobs/packed-contents.ts'
import type { Store } from '../store.ts'
import type { Publication } from './publish-entry.ts'

/**
 * Writes the blob of a manifest, with the contents that lie beside it; no entry has it yet. Its bytes survive a loss of
 * power; its name does when the entry is published.
 * @throws {TaskVaultError} DISK_FULL, PERMISSION_DENIED, IO_FAILED.
 */
export function writeManifest(
  { cacheDirectory, algorithm }: Pick<Store, 'cacheDirectory' | 'algorithm'>,
  manifest: Manifest,
  attached: readonly InlineContent[],
): Publication['manifestBlob'] {
  const bytes = Buffer.from(encodeManifest(manifest))
  const contents = [{ digest: algorithm.hash(bytes), bytes }, ...attached]
  const blob = buildBlob('manifest', contents, algorithm)
  const digest = digestFromBytes(algorithm.hash(blob))
  writeAtomically(blobPath(cacheDirectory, digest), blob, { mode: 0o644, fsync: 'bytes' })
  return { digest, sizeBytes: blob.length }
}
