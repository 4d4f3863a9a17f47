import { zstdCompressSync } from 'node:zlib'

/** Less than this gets no smaller, and starting a compressor costs more than all the rest. */
const COMPRESSED_FROM_BYTES = 256

/** An index as it is stored: compressed where that makes it smaller. Its trailer tells by the sizes. */
export function compressIndex(index: Buffer): Buffer {
  if (index.length < COMPRESSED_FROM_BYTES) return index
  const compressed = zstdCompressSync(index)
  return compressed.length < index.length ? compressed : index
}
