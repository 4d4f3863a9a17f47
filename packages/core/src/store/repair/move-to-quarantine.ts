import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { asTaskVaultError, systemErrorCode } from '../../errors.ts'
import { ensureDirectory } from '../../files/ensure-directory.ts'
import type { Digest } from '../../model/digest.ts'
import { blobPath } from '../blobs/blob-path.ts'

/** Where blobs lie that failed verification: not served, and not thrown away at once. */
export function quarantineDirectory(cacheDirectory: string): string {
  return join(cacheDirectory, 'quarantine')
}

/**
 * Takes a blob's file out of the way. Moved, not marked: an index that goes back to an earlier state,
 * as after a loss of power, must not bring it back.
 * @returns false when there is no such file.
 */
export function moveToQuarantine(cacheDirectory: string, digest: Digest): boolean {
  const directory = quarantineDirectory(cacheDirectory)
  try {
    ensureDirectory(directory)
    renameSync(blobPath(cacheDirectory, digest), join(directory, digest))
    return true
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false
    throw asTaskVaultError(error, `move blob ${digest} to ${directory}`)
  }
}
