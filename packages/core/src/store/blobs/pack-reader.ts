import { TaskVaultError } from '../../errors.ts'
import type { HashAlgorithm } from '../../hashing/hash-algorithm.ts'
import { openHashAlgorithm } from '../../hashing/open-hash-algorithm.ts'
import { digestFromBytes, shortDigest } from '../../model/digest.ts'
import type { Digest } from '../../model/digest.ts'
import { parseManifest } from '../../model/manifest.ts'
import type { Manifest } from '../../model/manifest.ts'
import {
  TRAILER_BYTES,
  encodeBlobHeader,
  parseBlobHeader,
  parsePackIndex,
  parseTrailer,
} from '../../model/pack-index.ts'
import type { BlobHeader, Frame, IndexedContent, PackIndex } from '../../model/pack-index.ts'
import { corruptBlob, unpackFrame, unpackIndex } from '../unpacking/unpack-frame.ts'
import { openBlobSource } from './blob-source.ts'
import type { BlobSource } from './blob-source.ts'

/** An open blob. It stays readable when its name is removed, until it is disposed. */
export interface BlobReader extends Disposable {
  readonly descriptor: number
  readonly sizeBytes: number
  readonly header: BlobHeader
  readonly algorithm: HashAlgorithm
  /** Everything the blob holds. @throws {TaskVaultError} BLOB_CORRUPT when it is damaged; so does all that follows. */
  readonly index: PackIndex
  /** The digests of all contents, large ones that were cut included. */
  listDigests(): Buffer[]
  /** The digests of contents that lie here whole. Of one that was cut, `verify` sees the parts alone. */
  listWholeDigests(): Buffer[]
  /** Where frame number `frame` begins in the file. */
  frameOffset(frame: number): number
  /** A frame's raw bytes, of which nothing is verified but their number; they are not kept. */
  readFrame(frame: number): Buffer
  /** A content's bytes, verified. @throws {TaskVaultError} BLOB_CORRUPT when it is damaged. */
  readContent(content: IndexedContent): Buffer
  /** @throws {TaskVaultError} BLOB_CORRUPT when the file's bytes do not have the digest `expected`. */
  verifyFile(expected: Digest): void
  /**
   * Reads everything: the whole file's digest against its name, and every content's own.
   * @throws {TaskVaultError} BLOB_CORRUPT when anything does not match.
   */
  verify(expected: Digest): void
}

/** More than any writer makes of a frame or index; a size beyond it is damage, or an attack on memory. */
const MAX_RAW_BYTES = 256 * 1024 * 1024
const MAX_FRAME_BYTES = 16 * 1024 * 1024

/**
 * Opens a blob. Its index is read when something first asks for it: of an entry that is in place already,
 * nothing does.
 * @throws {TaskVaultError} BLOB_MISSING when no file is there; BLOB_CORRUPT when it is cut off or no blob;
 * FORMAT_UNSUPPORTED, HASH_ALGORITHM_UNKNOWN, TOO_MANY_OPEN_FILES, PERMISSION_DENIED.
 */
export async function openBlob(path: string): Promise<BlobReader> {
  const source = openBlobSource(path)
  try {
    const header = readHeader(source)
    return readBlob(source, header, await openHashAlgorithm(header.algorithm))
  } catch (error) {
    source[Symbol.dispose]()
    throw error
  }
}

/**
 * Opens a blob that `algorithm` named; undefined when another did.
 * @throws {TaskVaultError} as `openBlob` does.
 */
export function openBlobOf(path: string, algorithm: HashAlgorithm): BlobReader | undefined {
  const source = openBlobSource(path)
  try {
    const header = readHeader(source)
    if (header.algorithm === algorithm.name) return readBlob(source, header, algorithm)
    source[Symbol.dispose]()
    return undefined
  } catch (error) {
    source[Symbol.dispose]()
    throw error
  }
}

/** The manifest in a manifest's blob: its first content. */
export function readManifest(blob: BlobReader): Manifest {
  const { contents } = blob.index
  if (blob.header.kind !== 'manifest' || contents.count === 0) {
    throw new TaskVaultError('ENTRY_DAMAGED', 'A blob that should hold a manifest holds none')
  }
  return parseManifest(blob.readContent(contents.read(0)).toString('utf8'))
}

/**
 * The index of a pack of `sizeBytes` of which only the end is at hand; how many bytes of the end it takes when
 * these are too few. A pack's name proves nothing about a part of it: what such an index leads to has to
 * be verified content by content.
 * @throws {TaskVaultError} BLOB_CORRUPT
 */
export function readIndexAtEnd(
  end: Buffer,
  { sizeBytes, algorithm }: { readonly sizeBytes: number; readonly algorithm: HashAlgorithm },
): KnownIndex | number {
  const endAt = sizeBytes - end.length
  const read = (position: number, length: number): Buffer =>
    end.subarray(position - endAt, position - endAt + length)
  const source = { sizeBytes, read }
  const place = findIndex(source, encodeBlobHeader('pack', algorithm.name))
  const neededBytes = sizeBytes - place.framesEnd
  return neededBytes > end.length ? neededBytes : readIndex(source, place, algorithm)
}

function readHeader(source: BlobSource): BlobHeader {
  return parseBlobHeader(source.read(0, Math.min(80, source.sizeBytes)))
}

function readBlob(source: BlobSource, header: BlobHeader, algorithm: HashAlgorithm): BlobReader {
  const place = findIndex(source, header)
  let known: KnownIndex | undefined
  const indexed = (): KnownIndex => (known ??= readIndex(source, place, algorithm))
  let loaded: { frame: number; bytes: Buffer } | undefined

  function readFrame(number: number): Buffer {
    if (loaded?.frame === number) return loaded.bytes
    const frame = indexed().index.frames[number]
    const offset = indexed().offsets[number]
    if (frame === undefined || offset === undefined) throw corruptBlob(`it has no frame ${number}`)
    // What is stored as it is, is the frame itself.
    const read = frame.codec === 'stored' ? source.read : source.readBriefly
    return unpackFrame(frame, read(offset, frame.storedBytes))
  }

  function readContent(content: IndexedContent): Buffer {
    // The next content is in the same frame, as a rule.
    loaded = { frame: content.frame, bytes: readFrame(content.frame) }
    const bytes = loaded.bytes.subarray(content.offset, content.offset + content.length)
    if (algorithm.hash(bytes).equals(content.digest)) return bytes
    throw corruptBlob(
      `content ${shortDigest(digestFromBytes(content.digest))} does not match its digest`,
    )
  }

  return {
    descriptor: source.descriptor,
    sizeBytes: source.sizeBytes,
    header,
    algorithm,
    get index() {
      return indexed().index
    },
    listDigests: () => [
      ...listWholeDigests(indexed().index, algorithm),
      ...indexed().index.chunked.map(({ digest }) => digest),
    ],
    listWholeDigests: () => listWholeDigests(indexed().index, algorithm),
    frameOffset: (frame) => indexed().offsets[frame] ?? source.sizeBytes,
    readFrame,
    readContent,
    verifyFile: (expected) => verifyFile(source, algorithm, expected),
    verify(expected) {
      verifyFile(source, algorithm, expected)
      const { contents } = indexed().index
      for (let row = 0; row < contents.count; row += 1) readContent(contents.read(row))
    },
    [Symbol.dispose]: () => source[Symbol.dispose](),
  }
}

/** Where the index is, as the trailer says: right after the frames. */
interface IndexPlace {
  readonly storedBytes: number
  readonly rawBytes: number
  readonly framesStart: number
  readonly framesEnd: number
}

type IndexSource = Pick<BlobSource, 'sizeBytes' | 'read'>

function findIndex(source: IndexSource, header: Pick<BlobHeader, 'length'>): IndexPlace {
  const trailerAt = source.sizeBytes - TRAILER_BYTES
  if (trailerAt < header.length) throw corruptBlob('it is cut off')
  const { storedBytes, rawBytes } = parseTrailer(source.read(trailerAt, TRAILER_BYTES))
  if (storedBytes > trailerAt - header.length || rawBytes > MAX_RAW_BYTES)
    throw corruptBlob('its trailer is wrong')
  return {
    storedBytes,
    rawBytes,
    framesStart: header.length,
    framesEnd: trailerAt - storedBytes,
  }
}

export interface KnownIndex {
  readonly index: PackIndex
  /** Where each frame begins in the file. */
  readonly offsets: readonly number[]
}

function readIndex(source: IndexSource, place: IndexPlace, algorithm: HashAlgorithm): KnownIndex {
  const stored = source.read(place.framesEnd, place.storedBytes)
  const index = parsePackIndex(unpackIndex(stored, place.rawBytes), algorithm.digestBytes)
  checkFrames(index.frames, place)
  return { index, offsets: frameOffsets(place.framesStart, index.frames) }
}

function listWholeDigests({ contents }: PackIndex, { digestBytes }: HashAlgorithm): Buffer[] {
  const digests: Buffer[] = []
  for (let row = 0; row < contents.count; row += 1) {
    const at = contents.digestAt(row)
    digests.push(contents.bytes.subarray(at, at + digestBytes))
  }
  return digests
}

/** Whether the frames fill the file up to the index. */
function checkFrames(frames: readonly Frame[], { framesStart, framesEnd }: IndexPlace): void {
  const end = frames.reduce((sum, frame) => sum + frame.storedBytes, framesStart)
  if (end !== framesEnd) throw corruptBlob('its index does not fit its size')
  if (frames.some((frame) => frame.rawBytes > MAX_FRAME_BYTES))
    throw corruptBlob('a frame is too large')
}

function frameOffsets(start: number, frames: readonly Frame[]): readonly number[] {
  let offset = start
  return frames.map((frame) => {
    offset += frame.storedBytes
    return offset - frame.storedBytes
  })
}

function verifyFile(source: BlobSource, algorithm: HashAlgorithm, expected: Digest): void {
  const found = digestFromBytes(source.digest(algorithm))
  if (found !== expected) throw corruptBlob(`its bytes have the digest ${shortDigest(found)}`)
}
