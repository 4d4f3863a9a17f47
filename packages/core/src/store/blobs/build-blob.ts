import { zstdCompressSync } from 'node:zlib'
import type { HashAlgorithm } from '../../hashing/hash-algorithm.ts'
import { encodeBlobHeader, encodePackIndex, encodeTrailer } from '../../model/pack-index.ts'
import type { BlobKind, Frame, IndexedContent } from '../../model/pack-index.ts'
import { compressIndex } from './compress-index.ts'
import type { InlineContent } from './packed-contents.ts'

/** Less than this fills a few blocks of the disk either way, and starting a compressor takes longest. */
const COMPRESSED_FROM_BYTES = 16 * 1024

/** A whole blob in memory, of contents that are small together: one frame, one write, no waiting. */
export function buildBlob(
  kind: BlobKind,
  contents: readonly InlineContent[],
  algorithm: HashAlgorithm,
): Buffer {
  const raw = Buffer.concat(contents.map((content) => content.bytes))
  const stored = compressIfSmaller(raw)
  const codec: Frame['codec'] = stored === raw ? 'stored' : 'zstd'
  const frame: Frame = { storedBytes: stored.length, rawBytes: raw.length, codec }
  let offset = 0
  const indexed = contents.map(({ digest, bytes }): IndexedContent => {
    offset += bytes.length
    return { digest, frame: 0, offset: offset - bytes.length, length: bytes.length }
  })
  const index = encodePackIndex(
    { frames: [frame], contents: indexed, chunked: [] },
    algorithm.digestBytes,
  )
  const storedIndex = compressIndex(index)
  const trailer = encodeTrailer({ storedBytes: storedIndex.length, rawBytes: index.length })
  return Buffer.concat([encodeBlobHeader(kind, algorithm.name), stored, storedIndex, trailer])
}

function compressIfSmaller(raw: Buffer): Buffer {
  if (raw.length < COMPRESSED_FROM_BYTES) return raw
  const compressed = zstdCompressSync(raw)
  return compressed.length < raw.length ? compressed : raw
}
