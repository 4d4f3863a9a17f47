import { TaskVaultError } from '../../errors.ts'
import type { HashAlgorithm } from '../../hashing/hash-algorithm.ts'
import { digestFromBytes, shortDigest } from '../../model/digest.ts'
import { parsePackIndex } from '../../model/pack-index.ts'
import type { ContentRows, Frame } from '../../model/pack-index.ts'
import type { FrameLocation } from '../unpacking/frame-reader.ts'
import type { Slice } from '../unpacking/unpack-batch.ts'
import { createContentTable } from './content-table.ts'
import type { ContentTable } from './content-table.ts'
import { createFrameMemory } from './frame-memory.ts'
import type { BlobReader } from './pack-reader.ts'

/** What has to be known of a blob to find its contents, and to read them. */
export type ContentHolder = Pick<
  BlobReader,
  'descriptor' | 'algorithm' | 'index' | 'frameOffset' | 'readFrame'
>

/** Finds contents in the open blobs of one entry. */
export interface ContentLocator {
  /** The contents of all blobs, in the order of the list. */
  readonly table: ContentTable
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
  blobs: readonly ContentHolder[],
  algorithm: HashAlgorithm,
): ContentLocator {
  const readFrame = createFrameMemory(({ blob, number }: LocatedFrame) => blob.readFrame(number))
  let indexed: ContentPlaces | undefined
  // Who wants the manifest alone asks for no content.
  const places = (): ContentPlaces => (indexed ??= indexBlobs(blobs, algorithm))

  function find(digest: Buffer): LocatedSlice | undefined {
    const { table, frames } = places()
    const row = table.find(digest)
    if (row === undefined) return undefined
    const { frame, offset, length } = table.placeAt(row)
    return { digest, frame: frames[table.packOf(row)]?.[frame] as LocatedFrame, offset, length }
  }

  /** The digests of what a content consists of: its own, or those of its chunks. */
  function piecesOf(digest: Buffer): readonly Buffer[] {
    if (places().table.find(digest) !== undefined) return [digest]
    const chunks = places().chunked.get(digest.toString('latin1'))?.chunks
    if (chunks === undefined) throw missing(digest)
    return chunks
  }

  function locatePiece(digest: Buffer): LocatedSlice {
    const slice = find(digest)
    if (slice === undefined) throw missing(digest)
    return slice
  }

  function blobOfPiece(digest: Buffer): number | undefined {
    const { table } = places()
    const row = table.find(digest)
    return row === undefined ? undefined : table.packOf(row)
  }

  function readPiece(digest: Buffer): Buffer {
    const { frame, offset, length } = locatePiece(digest)
    const bytes = readFrame(frame).subarray(offset, offset + length)
    if (!algorithm.hash(bytes).equals(digest)) throw corruptContent(digest)
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
    if (!whole.digest().equals(digest)) throw corruptContent(digest)
  }

  return {
    get table() {
      return places().table
    },
    locate(digest) {
      const whole = find(digest)
      return whole === undefined ? piecesOf(digest).map(locatePiece) : [whole]
    },
    stream,
    blobsOf(digest) {
      const whole = blobOfPiece(digest)
      if (whole !== undefined) return [whole]
      const cut = places().chunked.get(digest.toString('latin1'))
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
  readonly blob: ContentHolder
  readonly number: number
}

interface LocatedSlice extends Slice {
  readonly frame: LocatedFrame
}

const NO_CONTENTS: ContentRows = parsePackIndex(Buffer.alloc(12), 32).contents

/** Where all contents are. */
interface ContentPlaces {
  readonly table: ContentTable
  /** Of each blob. */
  readonly frames: readonly (readonly LocatedFrame[])[]
  readonly chunked: ReadonlyMap<
    string,
    { readonly blob: number; readonly chunks: readonly Buffer[] }
  >
}

function indexBlobs(
  blobs: readonly ContentHolder[],
  { digestBytes }: HashAlgorithm,
): ContentPlaces {
  const chunked = blobs.flatMap((blob, order) =>
    blob.index.chunked.map(
      ({ digest, chunks }) => [digest.toString('latin1'), { blob: order, chunks }] as const,
    ),
  )
  return {
    table: createContentTable(
      // A pack that another algorithm named holds nothing that is asked for here.
      blobs.map((blob) =>
        blob.algorithm.digestBytes === digestBytes ? blob.index.contents : NO_CONTENTS,
      ),
      digestBytes,
    ),
    frames: blobs.map((blob) =>
      blob.index.frames.map((frame, number) => locate(blob, frame, number)),
    ),
    chunked: new Map(chunked),
  }
}

function locate(blob: ContentHolder, frame: Frame, number: number): LocatedFrame {
  const position = blob.frameOffset(number)
  return { ...frame, descriptor: blob.descriptor, position, blob, number }
}

function missing(digest: Buffer): TaskVaultError {
  const name = shortDigest(digestFromBytes(digest))
  return new TaskVaultError('BLOB_MISSING', `No blob of the entry holds content ${name}`)
}

/** What bytes are that have another digest than their content. */
export function corruptContent(digest: Buffer): TaskVaultError {
  const name = shortDigest(digestFromBytes(digest))
  return new TaskVaultError('BLOB_CORRUPT', `Content ${name} does not match its digest`)
}
