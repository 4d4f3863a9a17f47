import { join } from 'node:path'
import { chanceName } from '../../files/chance-name.ts'
import type { Digest } from '../../model/digest.ts'

/** Where blobs lie: one flat directory, each file named by the digest of its bytes. */
export function blobsDirectory(cacheDirectory: string): string {
  return join(cacheDirectory, 'blobs')
}

export function blobPath(cacheDirectory: string, digest: Digest): string {
  return join(blobsDirectory(cacheDirectory), digest)
}

/**
 * Where a blob is written, before it has its name: one that no blob can have, and nobody else chooses. Garbage
 * collection clears what a crash left.
 */
export function temporaryBlobPath(cacheDirectory: string): string {
  return join(blobsDirectory(cacheDirectory), `.tmp-${chanceName()}`)
}
