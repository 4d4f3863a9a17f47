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

/**
 * Asks for the pieces of something; undefined when it is gone. Called when there is a file for them: a stream
 * of which nobody reads anything keeps its call to the remote store open.
 */
export type OpenPieces = () => Promise<AsyncIterable<Uint8Array> | undefined>

/** A blob that is to be received. */
export interface Received {
  readonly digest: Digest
  /** Verified: what they end without throwing are the bytes that `digest` names. */
  readonly open: OpenPieces
  /** Where; a new file unless told. Removed on failure in any case. */
  readonly file?: ReceivingFile | undefined
}

/**
 * Writes a blob that comes from elsewhere, and gives it its name once all of it is on the disk.
 * @returns false when it is gone.
 * @throws whatever the pieces throw, and {TaskVaultError} DISK_FULL, PERMISSION_DENIED, IO_FAILED; then
 * nothing is left behind.
 */
export async function receiveBlob(
  { cacheDirectory }: Pick<Store, 'cacheDirectory'>,
  { digest, open, file }: Received,
): Promise<boolean> {
  const temporary = file?.path ?? temporaryBlobPath(cacheDirectory)
  try {
    const isThere = await writeReceived(temporary, open, file)
    // The name is the digest of the bytes: whoever wrote it meanwhile wrote the same.
    if (isThere) renameWritten(temporary, blobPath(cacheDirectory, digest))
    else removeFile(temporary)
    return isThere
  } catch (error) {
    removeFile(temporary)
    if (systemErrorCode(error) !== undefined) throw asTaskVaultError(error, 'store a blob')
    throw error
  }
}

/**
 * Writes a file, a new one unless told, and returns when it is on the disk.
 * @returns false when there was nothing to write: the file is empty then.
 */
export async function writeReceived(
  path: string,
  open: OpenPieces,
  file?: ReceivingFile,
): Promise<boolean> {
  const descriptor = openSync(path, file === undefined ? 'wx' : 'r+', 0o644)
  try {
    const pieces = await open()
    if (pieces === undefined) return false
    for await (const piece of pieces) {
      writeFully(descriptor, piece)
      file?.onWritten(piece.length)
    }
    await syncData(descriptor)
    return true
  } finally {
    closeSync(descriptor)
  }
}
