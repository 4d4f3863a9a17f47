import { read } from 'node:fs'
import { promisify } from 'node:util'
import type { Digest } from '../../model/digest.ts'
import type { Store } from '../store.ts'
import { blobPath } from './blob-path.ts'
import { openBlobSource } from './blob-source.ts'

const readBytes = promisify(read)
const PIECE_BYTES = 256 * 1024

/** A blob's bytes as they are stored. @throws {TaskVaultError} BLOB_MISSING, … */
export async function* readBlobPieces(
  { cacheDirectory }: Pick<Store, 'cacheDirectory'>,
  digest: Digest,
): AsyncGenerator<Uint8Array, void> {
  using source = openBlobSource(blobPath(cacheDirectory, digest))
  for (let position = 0; position < source.sizeBytes;) {
    const buffer = Buffer.allocUnsafeSlow(Math.min(PIECE_BYTES, source.sizeBytes - position))
    const { bytesRead } = await readBytes(source.descriptor, {
      buffer,
      offset: 0,
      length: buffer.length,
      position,
    })
    if (bytesRead === 0) return
    position += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}
