import { closeSync, fdatasync, openSync, renameSync } from 'node:fs'
import { promisify } from 'node:util'
import { asTaskVaultError, systemErrorCode } from '../../errors.ts'
import { removeFile } from '../../files/remove-file.ts'
import { writeFully } from '../../files/write-atomically.ts'
import type { Digest } from '../../model/digest.ts'
import type { Store } from '../store.ts'
import { blobPath, temporaryBlobPath } from './blob-path.ts'

const syncData = promisify(fdatasync)

/**
 * Writes a blob that comes from elsewhere, and gives it its name once all of it is on the disk.
 * @param pieces verified: what they end without throwing are the bytes that `digest` names.
 * @throws whatever the pieces throw, and {TaskVaultError} DISK_FULL, PERMISSION_DENIED, IO_FAILED; then
 * nothing is left behind.
 */
export async function receiveBlob(
  { cacheDirectory }: Pick<Store, 'cacheDirectory'>,
  digest: Digest,
  pieces: AsyncIterable<Uint8Array>,
): Promise<void> {
  const temporary = temporaryBlobPath(cacheDirectory)
  try {
    await writeReceived(temporary, pieces)
    // The name is the digest of the bytes: whoever wrote it meanwhile wrote the same.
    renameSync(temporary, blobPath(cacheDirectory, digest))
  } catch (error) {
    removeFile(temporary)
    if (systemErrorCode(error) !== undefined) throw asTaskVaultError(error, 'store a blob')
    throw error
  }
}

/** Writes a new file, and returns when it is on the disk. */
export async function writeReceived(
  path: string,
  pieces: AsyncIterable<Uint8Array>,
): Promise<void> {
  const descriptor = openSync(path, 'wx', 0o644)
  try {
    for await (const piece of pieces) writeFully(descriptor, piece)
    await syncData(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
