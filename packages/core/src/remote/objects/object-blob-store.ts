import type { BlobName } from '../../model/blob-name.ts'
import type { BlobStore } from '../blob-store.ts'
import { createExpectedBlob } from '../expected-blob.ts'
import { mapConcurrently } from '../map-concurrently.ts'
import { sha256OfContent } from '../sha256-of-content.ts'
import { isSound } from '../wrappers/is-sound.ts'
import { verifiedPieces } from '../wrappers/verified-pieces.ts'
import { blobObjectKey } from './object-layout.ts'
import type { BlobObjects } from './object-store.ts'

/** Questions to a bucket at once, which has no question for many objects. */
const LOOKS_AT_ONCE = 16

/** Blobs in a folder or a bucket, without a server. */
export function createObjectBlobStore(objects: BlobObjects): BlobStore {
  /** By the last answer. Whoever sends one of these need not ask again: should it have come, sending it is harmless. */
  let missing = new Set<BlobName>()
  return {
    async findMissing(names, options) {
      const wanted = [...new Set(names)]
      const found = await mapConcurrently(
        wanted,
        LOOKS_AT_ONCE,
        async (name) => await objects.head(blobObjectKey(name), options),
      )
      missing = new Set(wanted.filter((_, index) => found[index] === undefined))
      return [...missing]
    },
    async put(content, options) {
      const key = blobObjectKey(content.name)
      const isMissing = missing.delete(content.name)
      if (!isMissing && (await objects.head(key, options)) !== undefined) return 'known'
      const openExpected = await createExpectedBlob(content)
      // A folder checks what it writes by the name's own digest.
      const digest =
        objects.signer === undefined ? undefined : await sha256OfContent(content, options)
      const isNew = await objects.putIfAbsent(
        key,
        {
          sizeBytes: content.sizeBytes,
          ...(digest !== undefined && { sha256: digest }),
          open: () => verifiedPieces(content.open(), openExpected()),
        },
        options,
      )
      return isNew ? 'stored' : 'known'
    },
    get: async (name, options) => await objects.get(blobObjectKey(name), options),
    async check(blob, options) {
      const key = blobObjectKey(blob.name)
      const stream = await objects.get(key, options)
      if (stream === undefined || (await isSound(blob, stream, options?.onBytes))) return
      await objects.delete(key, options)
    },
  }
}
