import { isTaskVaultError } from '../../errors.ts'
import type { NeededBlob } from '../../model/entry-record.ts'
import type { ByteStream } from '../blob-store.ts'
import { createExpectedBlob } from '../expected-blob.ts'
import { verifiedPieces } from './verified-pieces.ts'

/**
 * Reads a blob to its end, and keeps nothing of it.
 * @param onBytes told how many bytes have come.
 * @returns whether it has the bytes that its name and size promise.
 * @throws what reading it fails with.
 */
export async function isSound(
  blob: NeededBlob,
  stream: ByteStream,
  onBytes: (count: number) => void = () => {},
): Promise<boolean> {
  const openExpected = await createExpectedBlob(blob)
  const pieces = verifiedPieces(stream, openExpected())
  try {
    for await (const piece of pieces) onBytes(piece.length)
    return true
  } catch (error) {
    if (isTaskVaultError(error, 'BLOB_CORRUPT')) return false
    throw error
  }
}
