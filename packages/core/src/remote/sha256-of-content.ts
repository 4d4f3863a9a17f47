import { sha256 } from '../hashing/sha256.ts'
import { splitBlobName } from '../model/blob-name.ts'
import type { BlobContent, CallOptions } from './blob-store.ts'

/**
 * What a bucket checks a blob's bytes by, in hexadecimal. Unless it is in the name, the bytes are read
 * once more, which costs less than a damaged blob in the bucket.
 */
export async function sha256OfContent(
  content: BlobContent,
  options: CallOptions | undefined,
): Promise<string> {
  const { algorithm, digest } = splitBlobName(content.name)
  if (algorithm === sha256.name) return digest
  const hasher = sha256.createHasher()
  for await (const piece of content.open()) {
    options?.signal?.throwIfAborted()
    hasher.update(piece)
  }
  return hasher.digest().toString('hex')
}
