import { TaskVaultError } from '../../errors.ts'
import type { HashAlgorithm } from '../../hashing/hash-algorithm.ts'
import { digestFromBytes, shortDigest } from '../../model/digest.ts'
import type { FrameLocation, Slice } from '../unpacking/unpack-batch.ts'
import type { BlobReader } from './pack-reader.ts'

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
  /**
   * Which of the blobs, by their places in the list, hold a content; undefined when it is not all there. Of
   * one that was cut, the one with the list of its chunks comes first.
   */
  blobsOf(digest: Buffer): readonly number[] | undefined
  /**
   * A content piece by piece, each of them verified.
   * @throws {TaskVaultError} BLOB_MISSING, BLOB_CORRUPT; after the last piece when the list of pieces is wrong.
   */
  stream(digest: Buffer): Generator<Buffer>
}

/** The blobs stay the caller's: they must be open as long as the locator, and its slices, are used. */
export function createContentLocator(
  blobs: readonly BlobReader[],
  algorithm: HashAlgorithm,
): ContentLocator {
  const places = indexBlobs(blobs)

  function find(digest: Buffer): LocatedSlice | undefined {
    const at = places.rows.get(digest.toString('latin1'))
    if (at === undefined) return undefined
    const [frame, offset, length] = places.numbers.slice(at, at + ROW_NUMBERS) as [
      number,
      number,
      number,
    ]
    return { digest, frame: places.frames[frame] as LocatedFrame, offset, length }
  }

  /** The digests of what a content consists of: its own, or those of its chunks. */
  function piecesOf(digest: Buffer): readonly Buffer[] {
    const name = digest.toString('latin1')
    if (places.rows.has(name)) return [digest]
    const chunks = places.chunked.get(name)?.chunks
    if (chunks === undefined) throw missing(digest)
    return chunks
  }

  function locatePiece(digest: Buffer): LocatedSlice {
    const slice = find(digest)
    if (slice === undefined) throw missing(digest)
    return slice
  }

  function blobOfPiece(digest: Buffer): number | undefined {
    const at = places.rows.get(digest.toString('latin1'))
    return at === undefined ? undefined : places.blobOfFrame[places.numbers[at] as number]
  }

  function readPiece(digest: Buffer): Buffer {
    const bytes = readSlice(locatePiece(digest))
    if (!algorithm.hash(bytes).equals(digest)) throw corrupt(digest)
    return bytes
  }

  function* stream(digest: Buffer): Generator<Buffer> {
    const pieces = piecesOf(digest)
    if (pieces[0] === digest) return yield readPiece(digest)
    const whole = algorithm.createHasher()
    for (const piece of pieces) {
      const bytes = readPiece(piece)
      whole.update(bytes)
      yield bytes
    }
    if (!whole.digest().equals(digest)) throw corrupt(digest)
  }

  return {
    locate: (digest) => piecesOf(digest).map(locatePiece),
    stream,
    blobsOf(digest) {
      const whole = blobOfPiece(digest)
      if (whole !== undefined) return [whole]
      const cut = places.chunked.get(digest.toString('latin1'))
      if (cut === undefined) return undefined
      const holders = cut.chunks.map(blobOfPiece)
      if (!holders.every((holder) => holder !== undefined)) return undefined
      return [...new Set([cut.blob, ...holders])]
    },
    read(digest) {
      const pieces = [...stream(digest)]
      return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces)
    },
  }
}

/** A frame that can also be read through its blob. */
interface LocatedFrame extends FrameLocation {
  readonly blob: BlobReader
  readonly number: number
}

interface LocatedSlice extends Slice {
  readonly frame: LocatedFrame
}

/** By the blob's own reader, which keeps the frame that it read last. */
function readSlice({ frame, offset, length }: LocatedSlice): Buffer {
  return frame.blob.readFrame(frame.number).subarray(offset, offset + length)
}

/** Numbers of one content: its frame, its offset there, and its length. */
const ROW_NUMBERS = 3

/**
 * Where all contents are. Rows are numbers in one long list, because objects for as many contents
 * would take ten times the memory.
 */
interface ContentPlaces {
  readonly rows: Map<string, number>
  readonly numbers: number[]
  readonly frames: LocatedFrame[]
  readonly blobOfFrame: number[]
  readonly chunked: Map<string, { readonly blob: number; readonly chunks: readonly Buffer[] }>
}

function indexBlobs(blobs: readonly BlobReader[]): ContentPlaces {
  const places: ContentPlaces = {
    rows: new Map(),
    numbers: [],
    frames: [],
    blobOfFrame: [],
    chunked: new Map(),
  }
  const { rows, numbers, frames, blobOfFrame, chunked } = places
  for (const [order, blob] of blobs.entries()) {
    const firstFrame = frames.length
    blob.visitIndex({
      frame(frame) {
        const number = frames.length - firstFrame
        const position = blob.frameOffset(number)
        frames.push({ ...frame, descriptor: blob.descriptor, position, blob, number })
        blobOfFrame.push(order)
      },
      content(digest, { frame, offset, length }) {
        rows.set(digest.toString('latin1'), numbers.length)
        numbers.push(firstFrame + frame, offset, length)
      },
      chunked: ({ digest, chunks }) =>
        void chunked.set(digest.toString('latin1'), { blob: order, chunks }),
    })
  }
  return places
}

function missing(digest: Buffer): TaskVaultError {
  const name = shortDigest(digestFromBytes(digest))
  return new TaskVaultError('BLOB_MISSING', `No blob of the entry holds content ${name}`)
}

function corrupt(digest: Buffer): TaskVaultError {
  const name = shortDigest(digestFromBytes(digest))
  return new TaskVaultError('BLOB_CORRUPT', `Content ${name} does not match its digest`)
}
