import type { NeededBlob } from '../../../model/entry-record.ts'
import { endBytesOf, isIndexSmall } from '../../../model/plan-parts.ts'
import { readIndexAtEnd } from '../../../store/blobs/pack-reader.ts'
import type { KnownIndex } from '../../../store/blobs/pack-reader.ts'
import { readWholePart } from './read-part.ts'
import type { PartSource } from './read-part.ts'

/** What the end of a pack says that it holds, and that end. */
export interface RemoteIndex {
  readonly known: KnownIndex
  readonly end: Buffer
}

/**
 * Reads from its end what a pack of the remote store holds. Nothing proves it but the contents themselves.
 * @param endBytes how much of the end to ask for at first.
 * @returns undefined when the index is too large for anything to be gained.
 * @throws {TaskVaultError} BLOB_CORRUPT, BLOB_MISSING, and as the store does.
 */
export async function readRemoteIndex(
  pack: NeededBlob,
  source: PartSource,
  endBytes: number = endBytesOf(pack.sizeBytes),
): Promise<RemoteIndex | undefined> {
  const { sizeBytes } = pack
  const readEnd = async (bytes: number): Promise<RemoteIndex | number> => {
    const end = await readWholePart(pack, { start: sizeBytes - bytes, end: sizeBytes }, source)
    const known = readIndexAtEnd(end, { sizeBytes, algorithm: source.algorithm })
    return typeof known === 'number' ? known : { known, end }
  }
  let found = await readEnd(endBytes)
  if (typeof found === 'number' && isIndexSmall(found, sizeBytes)) found = await readEnd(found)
  return typeof found === 'number' ? undefined : found
}
