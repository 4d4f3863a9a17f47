import { digestFromBytes } from '../model/digest.ts'
import type { Digest } from '../model/digest.ts'
import type { HashAlgorithm } from './hash-algorithm.ts'

/** Reads a stream to its end and returns the digest of its bytes, which does not depend on how they arrive. */
export async function hashStream(
  content: AsyncIterable<Uint8Array>,
  algorithm: HashAlgorithm,
): Promise<Digest> {
  const hasher = algorithm.createHasher()
  for await (const bytes of content) hasher.update(bytes)
  return digestFromBytes(hasher.digest())
}
