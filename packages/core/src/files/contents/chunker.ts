import type { HashAlgorithm, Hasher } from '../../hashing/hash-algorithm.ts'
import { releaseMemory } from '../release-memory.ts'
import type { ContentSink, Place } from './content-sink.ts'
import { CHUNKED_FROM_BYTES, MAX_CHUNK_BYTES, findChunkEnd } from './cut-chunks.ts'

/** What was read of one file or stream. */
export interface ReadContent {
  readonly digest: Buffer
  readonly sizeBytes: number
  /** Where the sink put it; empty without a sink. */
  readonly places: readonly Place[]
}

/** Takes one content piece by piece, and stores it: whole when it stays small, else in chunks. */
export interface Chunker {
  /** Takes the next bytes; they are copied. */
  push(bytes: Uint8Array): void
  finish(): ReadContent
}

/** Memory stays at one window of 1 MiB, whatever the size of the content. */
export function createChunker(algorithm: HashAlgorithm, sink: ContentSink): Chunker {
  const window = Buffer.allocUnsafeSlow(CHUNKED_FROM_BYTES)
  const chunks: Buffer[] = []
  const places = new Set<Place>()
  let hasher: Hasher | undefined
  let [start, end, sizeBytes] = [0, 0, 0]

  function cut(): void {
    const at = findChunkEnd(window, start, end)
    const chunk = window.subarray(start, at)
    const digest = algorithm.hash(chunk)
    hasher ??= algorithm.createHasher()
    hasher.update(chunk)
    chunks.push(digest)
    places.add(sink.add(digest, chunk))
    sizeBytes += chunk.length
    start = at
  }

  /** Makes room; a chunk is cut only when all the bytes that could decide its end are here. */
  function compact(): void {
    while (end - start > MAX_CHUNK_BYTES) cut()
    window.copyWithin(0, start, end)
    end -= start
    start = 0
  }

  return {
    push(bytes) {
      for (let done = 0; done < bytes.length;) {
        if (end === window.length) compact()
        const taken = Math.min(window.length - end, bytes.length - done)
        window.set(bytes.subarray(done, done + taken), end)
        end += taken
        done += taken
      }
    },
    finish() {
      if (chunks.length === 0 && end < CHUNKED_FROM_BYTES) {
        const bytes = window.subarray(0, end)
        const digest = algorithm.hash(bytes)
        places.add(sink.add(digest, bytes))
        releaseMemory(window)
        return { digest, sizeBytes: end, places: [...places] }
      }
      while (start < end) cut()
      releaseMemory(window)
      const digest = hasher?.digest() ?? algorithm.hash(new Uint8Array(0))
      for (const place of sink.addChunked(digest, sizeBytes, chunks)) places.add(place)
      return { digest, sizeBytes, places: [...places] }
    },
  }
}
