import { TaskVaultError } from '../errors.ts'

/*
 * A blob is: one line of text that names kind, format version and hash algorithm; frames of
 * contents; the index, which says where each content lies; and a trailer of fixed size that says
 * where the index begins. docs/store-format.md is the specification.
 */

/** How a frame's bytes are stored. */
export type FrameCodec = 'stored' | 'zstd'

/** A run of contents that is compressed as one. */
export interface Frame {
  readonly storedBytes: number
  readonly rawBytes: number
  readonly codec: FrameCodec
}

/** Where one content lies: `length` raw bytes from `offset` of frame number `frame`. */
export interface ContentPlace {
  readonly frame: number
  readonly offset: number
  readonly length: number
}

export type IndexedContent = ContentPlace & { readonly digest: Buffer }

/** A large content that was cut: its bytes are those of `chunks`, one after the other. */
export interface ChunkedContent {
  readonly digest: Buffer
  readonly length: number
  readonly chunks: readonly Buffer[]
}

/** What a writer has put into a blob. */
export interface PackContents {
  readonly frames: readonly Frame[]
  readonly contents: Iterable<IndexedContent> & { readonly length: number }
  readonly chunked: readonly ChunkedContent[]
}

/** The same as it is read; every number in it has been checked. */
export interface PackIndex {
  readonly frames: readonly Frame[]
  readonly contents: ContentRows
  readonly chunked: readonly ChunkedContent[]
}

/**
 * The contents of a pack, by their numbers from 0. They stay bytes of the index, because a pack can hold
 * a hundred thousand of them.
 */
export interface ContentRows {
  readonly count: number
  /** The bytes that digests are in, and where the one of a row begins. */
  readonly bytes: Buffer
  digestAt(row: number): number
  placeAt(row: number): ContentPlace
  read(row: number): IndexedContent
}

export type BlobKind = 'pack' | 'manifest'

export interface BlobHeader {
  readonly kind: BlobKind
  readonly algorithm: string
  /** Bytes of the header line, its line feed included; the first frame begins here. */
  readonly length: number
}

const FORMAT_VERSION = 1
export const TRAILER_BYTES = 16
const TRAILER_MAGIC = Buffer.from('TVINDEX1')
const CODECS: readonly FrameCodec[] = ['stored', 'zstd']
const FRAME_ROW_BYTES = 9
/** Frame, offset and length of a content. */
export const PLACE_BYTES = 12

/** The first line of a blob. */
export function encodeBlobHeader(kind: BlobKind, algorithm: string): Buffer {
  return Buffer.from(`taskvault-${kind} ${FORMAT_VERSION} ${algorithm}\n`)
}

/**
 * Reads a blob's first line from its first bytes (80 are enough).
 * @throws {TaskVaultError} BLOB_CORRUPT when there is no such line; FORMAT_UNSUPPORTED when a later
 * version wrote it.
 */
export function parseBlobHeader(start: Uint8Array): BlobHeader {
  const line = Buffer.from(start.subarray(0, 80)).toString('latin1')
  const match = /^taskvault-(pack|manifest) (\d{1,4}) ([a-z0-9-]{1,32})\n/.exec(line)
  if (match === null)
    throw new TaskVaultError('BLOB_CORRUPT', 'Not a blob: its first line is damaged')
  const [text, kind, version, algorithm] = match
  if (Number(version) !== FORMAT_VERSION) {
    throw new TaskVaultError('FORMAT_UNSUPPORTED', `Blob format ${version} is not supported`, {
      hint: 'A newer version of TaskVault wrote it: upgrade, or use another cache directory.',
    })
  }
  return { kind: kind as BlobKind, algorithm: algorithm ?? '', length: text.length }
}

/** The last bytes of a blob. */
export function encodeTrailer(index: { storedBytes: number; rawBytes: number }): Buffer {
  const trailer = Buffer.alloc(TRAILER_BYTES)
  trailer.writeUInt32LE(index.storedBytes, 0)
  trailer.writeUInt32LE(index.rawBytes, 4)
  TRAILER_MAGIC.copy(trailer, 8)
  return trailer
}

/** @throws {TaskVaultError} BLOB_CORRUPT when the bytes are no trailer. */
export function parseTrailer(trailer: Uint8Array): { storedBytes: number; rawBytes: number } {
  const bytes = Buffer.from(trailer.buffer, trailer.byteOffset, trailer.byteLength)
  if (bytes.length !== TRAILER_BYTES || !bytes.subarray(8).equals(TRAILER_MAGIC)) {
    throw new TaskVaultError('BLOB_CORRUPT', 'Not a blob: its trailer is damaged or cut off')
  }
  return { storedBytes: bytes.readUInt32LE(0), rawBytes: bytes.readUInt32LE(4) }
}

export function encodePackIndex(index: PackContents, digestBytes: number): Buffer {
  const chunkCount = index.chunked.reduce((sum, item) => sum + item.chunks.length, 0)
  const bytes = Buffer.alloc(
    12 +
      index.frames.length * FRAME_ROW_BYTES +
      index.contents.length * (digestBytes + PLACE_BYTES) +
      index.chunked.length * (digestBytes + 12) +
      chunkCount * digestBytes,
  )
  let at = bytes.writeUInt32LE(index.frames.length, 0)
  for (const frame of index.frames) {
    at = bytes.writeUInt32LE(frame.storedBytes, at)
    at = bytes.writeUInt32LE(frame.rawBytes, at)
    at = bytes.writeUInt8(CODECS.indexOf(frame.codec), at)
  }
  at = bytes.writeUInt32LE(index.contents.length, at)
  for (const content of index.contents) {
    at += content.digest.copy(bytes, at)
    at = bytes.writeUInt32LE(content.frame, at)
    at = bytes.writeUInt32LE(content.offset, at)
    at = bytes.writeUInt32LE(content.length, at)
  }
  at = bytes.writeUInt32LE(index.chunked.length, at)
  for (const item of index.chunked) {
    at += item.digest.copy(bytes, at)
    at = bytes.writeDoubleLE(item.length, at)
    at = bytes.writeUInt32LE(item.chunks.length, at)
    for (const chunk of item.chunks) at += chunk.copy(bytes, at)
  }
  return bytes
}

/**
 * Reads an index in place: `source` must not change as long as it is used.
 * @throws {TaskVaultError} BLOB_CORRUPT when any count, frame number or range does not hold.
 */
export function parsePackIndex(source: Uint8Array, digestBytes: number): PackIndex {
  const bytes = Buffer.from(source.buffer, source.byteOffset, source.byteLength)
  try {
    return readPackIndex(bytes, digestBytes)
  } catch (error) {
    // Every read past the end is a RangeError: the counts and the length contradict each other.
    if (error instanceof RangeError) throw damagedIndex(error)
    throw error
  }
}

function readPackIndex(bytes: Buffer, digestBytes: number): PackIndex {
  let at = 0
  const u32 = (): number => {
    at += 4
    return bytes.readUInt32LE(at - 4)
  }
  const digest = (): Buffer => {
    at += digestBytes
    if (at > bytes.length) throw damagedIndex()
    return bytes.subarray(at - digestBytes, at)
  }
  const count = (itemBytes: number): number => {
    const value = u32()
    if (value * itemBytes > bytes.length - at) throw damagedIndex()
    return value
  }

  const frames = Array.from({ length: count(FRAME_ROW_BYTES) }, (): Frame => {
    const storedBytes = u32()
    const rawBytes = u32()
    const codec = CODECS[bytes.readUInt8(at++)]
    if (codec === undefined) throw damagedIndex()
    return { storedBytes, rawBytes, codec }
  })
  const contents = contentRows(bytes, {
    count: count(digestBytes + PLACE_BYTES),
    start: at,
    digestBytes,
  })
  checkPlaces(contents, { frames, digestBytes })
  at = contents.digestAt(contents.count)
  const chunked = Array.from({ length: count(digestBytes + 12) }, (): ChunkedContent => {
    const name = digest()
    const length = bytes.readDoubleLE(at)
    at += 8
    return { digest: name, length, chunks: Array.from({ length: count(digestBytes) }, digest) }
  })
  if (at !== bytes.length) throw damagedIndex()
  return { frames, contents, chunked }
}

/** Each row is a digest, and behind it frame, offset and length. */
function contentRows(
  bytes: Buffer,
  { count, start, digestBytes }: { count: number; start: number; digestBytes: number },
): ContentRows {
  const digestAt = (row: number): number => start + row * (digestBytes + PLACE_BYTES)
  const placeAt = (row: number): ContentPlace => {
    const at = digestAt(row) + digestBytes
    return {
      frame: bytes.readUInt32LE(at),
      offset: bytes.readUInt32LE(at + 4),
      length: bytes.readUInt32LE(at + 8),
    }
  }
  return {
    count,
    bytes,
    digestAt,
    placeAt,
    read: (row) => ({
      digest: bytes.subarray(digestAt(row), digestAt(row) + digestBytes),
      ...placeAt(row),
    }),
  }
}

function checkPlaces(
  { count, bytes, digestAt }: ContentRows,
  { frames, digestBytes }: { readonly frames: readonly Frame[]; readonly digestBytes: number },
): void {
  for (let row = 0; row < count; row += 1) {
    const place = digestAt(row) + digestBytes
    const rawBytes = frames[bytes.readUInt32LE(place)]?.rawBytes
    const end = bytes.readUInt32LE(place + 4) + bytes.readUInt32LE(place + 8)
    if (rawBytes === undefined || end > rawBytes) throw damagedIndex()
  }
}

function damagedIndex(cause?: unknown): TaskVaultError {
  return new TaskVaultError('BLOB_CORRUPT', 'The index of a blob is damaged', { cause })
}
