import { readdirSync } from 'node:fs'
import { asTaskVaultError } from '../../errors.ts'
import { blobsDirectory } from './blob-path.ts'

/**
 * Names of all files among the blobs, those that are being written and left-overs included.
 * @throws {TaskVaultError} PERMISSION_DENIED, TOO_MANY_OPEN_FILES, IO_FAILED.
 */
export function listBlobs(cacheDirectory: string): readonly string[] {
  const directory = blobsDirectory(cacheDirectory)
  try {
    return readdirSync(directory)
  } catch (error) {
    throw asTaskVaultError(error, `list ${directory}`)
  }
}
