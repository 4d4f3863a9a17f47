import { TaskVaultError } from '../errors.ts'
import type { HashAlgorithm } from '../hashing/hash-algorithm.ts'
import { digestFromBytes, shortDigest } from '../model/digest.ts'
import type { BlobReader } from './pack-reader.ts'
import { readRange, unpackFrame } from './pack-reader.ts'
import type { FrameLocation, Slice } from './unpack-batch.ts'

/** Finds contents in the open blobs of one entry. */
export interface ContentLocator {
  /**
   * Where a content's bytes are, in order.
   * @throws {TaskVaultError} BLOB_MISSING when none of the blobs holds it.
   */
  locate(digest: Buffer): readonly Slice[]
  /**
   * A content's bytes, verified; for contents that are read whole, such as tree nodes and logs.
   * @throws {TaskVaultError} BLOB_MISSING, BLOB_CORRUPT.
   */
  read(digest: Buffer): Buffer
  /** A content piece by piece; throws BLOB_CORRUPT after the last one when the whole does not match. */
  stream(digest: Buffer): Generator<Buffer>
}

/** The blobs stay the caller's: they must be open as long as the locator, and its slices, are used. */
export function createContentLocator(
  blobs: readonly BlobReader[],
  algorithm: HashAlgorithm,
): ContentLocator {
  const slices = new Map<string, Slice>()
  const chunked = new Map<string, readonly Buffer[]>()
  for (const blob of blobs) indexBlob(blob, slices, chunked)
  let loaded: { frame: FrameLocation; bytes: Buffer } | undefined

  function locate(digest: Buffer): readonly Slice[] {
    const name = digest.toString('latin1')
    const whole = slices.get(name)
    if (whole !== undefined) return [whole]
    const chunks = chunked.get(name)
    if (chunks === undefined) throw missing(digest)
    return chunks.map((chunk) => slices.get(chunk.toString('latin1')) ?? missingChunk(chunk))
  }

  function readSlice({ frame, offset, length }: Slice): Buffer {
    if (loaded?.frame !== frame) {
      loaded = { frame, bytes: unpackFrame(frame, readRange(frame.descriptor, frame.position, frame.storedBytes)) }
    }
    return loaded.bytes.subarray(offset, offset + length)
  }

  function* stream(digest: Buffer): Generator<Buffer> {
    const hasher = algorithm.createHasher()
    for (const slice of locate(digest)) {
      const bytes = readSlice(slice)
      hasher.update(bytes)
      yield bytes
    }
    if (!hasher.digest().equals(digest)) throw corrupt(digest)
  }

  return {
    locate,
    stream,
    read(digest) {
      const [only, ...more] = locate(digest)
      if (only === undefined || more.length > 0) return Buffer.concat([...stream(digest)])
      const bytes = readSlice(only)
      if (!algorithm.hash(bytes).equals(digest)) throw corrupt(digest)
      return bytes
    },
  }
}

function indexBlob(
  blob: BlobReader,
  slices: Map<string, Slice>,
  chunked: Map<string, readonly Buffer[]>,
): void {
  const frames = blob.index.frames.map((frame, number): FrameLocation => ({
    ...frame,
    descriptor: blob.descriptor,
    position: blob.frameOffset(number),
  }))
  for (const { digest, frame, offset, length } of blob.index.contents) {
    const location = frames[frame]
    if (location !== undefined) slices.set(digest.toString('latin1'), { frame: location, offset, length })
  }
  for (const { digest, chunks } of blob.index.chunked) chunked.set(digest.toString('latin1'), chunks)
}

function missing(digest: Buffer): TaskVaultError {
  const name = shortDigest(digestFromBytes(digest))
  return new TaskVaultError('BLOB_MISSING', `No blob of the entry holds content ${name}`)
}

function missingChunk(digest: Buffer): never {
  throw missing(digest)
}

function corrupt(digest: Buffer): TaskVaultError {
  const name = shortDigest(digestFromBytes(digest))
  return new TaskVaultError('BLOB_CORRUPT', `Content ${name} does not match its digest`)
}
