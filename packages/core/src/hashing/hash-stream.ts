import { digestFromBytes } from '../model/digest.ts'
import type { Digest } from '../model/digest.ts'
import type { HashAlgorithm } from './hash-algorithm.ts'

/** Digest of all bytes of a stream, which it reads to its end; equal to that of the same bytes in one piece. */
export async function hashStream(
  content: AsyncIterable<Uint8Array>,
  algorithm: HashAlgorithm,
): Promise<Digest> {
  const hasher = algorithm.createHasher()
  for await (const bytes of content) hasher.update(bytes)
  return digestFromBytes(hasher.digest())
}
