import { join } from 'node:path'
import type { Digest } from '../../model/digest.ts'

/** Where blobs lie: one flat directory, each file named by the digest of its bytes. */
export function blobsDirectory(cacheDirectory: string): string {
  return join(cacheDirectory, 'blobs')
}

export function blobPath(cacheDirectory: string, digest: Digest): string {
  return join(blobsDirectory(cacheDirectory), digest)
}

/** Blobs being written have names that no blob can have; garbage collection clears what a crash left. */
export const TEMPORARY_BLOB_PREFIX = '.tmp-'
