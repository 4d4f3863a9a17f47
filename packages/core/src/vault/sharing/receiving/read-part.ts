import { TaskVaultError } from '../../../errors.ts'
import type { HashAlgorithm } from '../../../hashing/hash-algorithm.ts'
import type { NeededBlob } from '../../../model/entry-record.ts'
import type { BlobStore, ByteRange, ByteStream } from '../../../remote/blob-store.ts'

/** A remote store of whose packs parts are read. */
export interface PartSource {
  readonly blobs: BlobStore
  readonly algorithm: HashAlgorithm
  readonly signal: AbortSignal
  /** Called with the number of bytes that came. */
  readonly count: (bytes: number) => void
}

/**
 * Bytes of a pack as the remote store has them, of which nothing is verified.
 * @throws {TaskVaultError} BLOB_MISSING, and as the store does.
 */
export async function readPart(
  { name }: NeededBlob,
  range: ByteRange,
  { blobs, signal, count }: PartSource,
): Promise<ByteStream> {
  // Empty contents lie in an empty frame, for which nobody can ask.
  if (range.start === range.end) return noBytes()
  const stream = await blobs.get(name, { range, isPart: true, signal })
  if (stream !== undefined) return counted(stream, count)
  throw new TaskVaultError('BLOB_MISSING', `The remote store has lost blob ${name}`)
}

/** The same in one piece. */
export async function readWholePart(
  pack: NeededBlob,
  range: ByteRange,
  source: PartSource,
): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of await readPart(pack, range, source)) pieces.push(piece)
  return Buffer.concat(pieces)
}

async function* noBytes(): AsyncGenerator<Uint8Array, void> {
  // Nothing.
}

/** The same pieces; `count` is told how many bytes each of them has. */
export async function* counted(
  stream: ByteStream,
  count: (bytes: number) => void,
): AsyncGenerator<Uint8Array, void> {
  for await (const piece of stream) {
    count(piece.length)
    yield piece
  }
}
