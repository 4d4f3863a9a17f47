import { openHashAlgorithm } from '../hashing/open-hash-algorithm.ts'
import { splitBlobName } from '../model/blob-name.ts'
import type { NeededBlob } from '../model/entry-record.ts'
import type { ExpectedBytes } from './wrappers/verified-pieces.ts'

/**
 * Derives from a blob's name what its bytes must be. Call the result once for each time that the bytes are read, because
 * a hasher can be used only once.
 * @throws {TaskVaultError} HASH_ALGORITHM_UNKNOWN
 */
export async function createExpectedBlob({
  name,
  sizeBytes,
}: NeededBlob): Promise<() => ExpectedBytes> {
  const { algorithm, digest } = splitBlobName(name)
  const { createHasher } = await openHashAlgorithm(algorithm)
  const expected = Buffer.from(digest, 'hex')
  return () => ({
    what: `Blob ${name}`,
    sizeBytes,
    digests: [{ hasher: createHasher(), expected }],
  })
}
