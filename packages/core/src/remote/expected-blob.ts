import { openHashAlgorithm } from '../hashing/open-hash-algorithm.ts'
import { splitBlobName } from '../model/blob-name.ts'
import type { NeededBlob } from '../model/entry-record.ts'
import type { ExpectedBytes } from './wrappers/verified-pieces.ts'

/**
 * What a blob's bytes must turn out to be, by its name. The result is called for each time that the
 * bytes pass: a hasher is used once.
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
