import type { NeededBlob } from '../../model/entry-record.ts'
import { endBytesOf, isIndexSmall } from '../../model/plan-parts.ts'
import { readIndexAtEnd } from '../../store/blobs/pack-reader.ts'
import type { KnownIndex } from '../../store/blobs/pack-reader.ts'
import { readPart } from './read-part.ts'
import type { PartSource } from './read-part.ts'

/**
 * Reads from its end what a pack of the remote store holds. Nothing proves it but the contents themselves.
 * @returns undefined when the index is too large for anything to be gained.
 * @throws {TaskVaultError} BLOB_CORRUPT, BLOB_MISSING, and as the store does.
 */
export async function readRemoteIndex(
  pack: NeededBlob,
  source: PartSource,
): Promise<KnownIndex | undefined> {
  const { sizeBytes } = pack
  const readEnd = async (bytes: number): Promise<KnownIndex | number> => {
    const end = await readPart(pack, { start: sizeBytes - bytes, end: sizeBytes }, source)
    const pieces: Uint8Array[] = []
    for await (const piece of end) pieces.push(piece)
    return readIndexAtEnd(Buffer.concat(pieces), { sizeBytes, algorithm: source.algorithm })
  }
  let found = await readEnd(endBytesOf(sizeBytes))
  if (typeof found === 'number' && isIndexSmall(found, sizeBytes)) found = await readEnd(found)
  return typeof found === 'number' ? undefined : found
}
