import { closeSync, fdatasync, openSync } from 'node:fs'
import { promisify } from 'node:util'
import { asTaskVaultError, systemErrorCode } from '../../errors.ts'
import { removeFile } from '../../files/remove-file.ts'
import { renameWritten } from '../../files/rename-written.ts'
import { writeFully } from '../../files/write-atomically.ts'
import type { Digest } from '../../model/digest.ts'
import type { Store } from '../store.ts'
import { blobPath, temporaryBlobPath } from './blob-path.ts'

const syncData = promisify(fdatasync)

/** A file for a blob that is to come, and who is told how much of it is written. */
export interface ReceivingFile {
  /** Of a file that is there, and empty. */
  readonly path: string
  /** Called with the number of bytes that followed those before. */
  readonly onWritten: (bytes: number) => void
}

/** A blob that is to be received. */
export interface Received {
  readonly digest: Digest
  /** Verified: what they end without throwing are the bytes that `digest` names. */
  readonly pieces: AsyncIterable<Uint8Array>
  /** Where; a new file unless told. Removed on failure in any case. */
  readonly file?: ReceivingFile | undefined
}

/**
 * Writes a blob that comes from elsewhere, and gives it its name once all of it is on the disk.
 * @throws whatever the pieces throw, and {TaskVaultError} DISK_FULL, PERMISSION_DENIED, IO_FAILED; then
 * nothing is left behind.
 */
export async function receiveBlob(
  { cacheDirectory }: Pick<Store, 'cacheDirectory'>,
  { digest, pieces, file }: Received,
): Promise<void> {
  const temporary = file?.path ?? temporaryBlobPath(cacheDirectory)
  try {
    await writeReceived(temporary, pieces, file)
    // The name is the digest of the bytes: whoever wrote it meanwhile wrote the same.
    renameWritten(temporary, blobPath(cacheDirectory, digest))
  } catch (error) {
    removeFile(temporary)
    if (systemErrorCode(error) !== undefined) throw asTaskVaultError(error, 'store a blob')
    throw error
  }
}

/** Writes a file, a new one unless told, and returns when it is on the disk. */
export async function writeReceived(
  path: string,
  pieces: AsyncIterable<Uint8Array>,
  file?: ReceivingFile,
): Promise<void> {
  const descriptor = openSync(path, file === undefined ? 'wx' : 'r+', 0o644)
  try {
    for await (const piece of pieces) {
      writeFully(descriptor, piece)
      file?.onWritten(piece.length)
    }
    await syncData(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
