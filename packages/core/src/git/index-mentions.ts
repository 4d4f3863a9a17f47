import { hasChecksum } from './parse-index.ts'

const HEADER_BYTES = 12
const EXTENSION_HEADER_BYTES = 8

/**
 * Tells whether an index file may contain a path, or the beginning of one, without reading its entries: reading tens of
 * thousands takes longer than everything else before a hit. The answer is always true for an index that does not
 * contain every path in full (version 4, split, or sparse), for one without a checksum, and for what is not an index.
 * @param bytes which are sound.
 * @param idBytes 20 in repositories of SHA-1, 32 in those of SHA-256.
 */
export function openMentions(bytes: Buffer, idBytes: number): (path: string) => boolean {
  if (!spellsOut(bytes, idBytes)) return () => true
  // A name that is not UTF-8 reads differently than it is stored.
  return (path) => path.includes('\uFFFD') || bytes.includes(path)
}

function spellsOut(bytes: Buffer, idBytes: number): boolean {
  if (bytes.length < HEADER_BYTES + idBytes || bytes.toString('latin1', 0, 4) !== 'DIRC')
    return false
  const version = bytes.readUInt32BE(4)
  if (version !== 2 && version !== 3) return false
  // What is missing from a part of an index may be tracked all the same.
  if (!hasChecksum(bytes, idBytes)) return false
  // The extensions of split and of sparse indexes.
  return !['link', 'sdir'].some((name) => hasExtension(bytes, idBytes, name))
}

/** Looks for the name where extensions follow one another up to the checksum at the end. */
function hasExtension(bytes: Buffer, idBytes: number, name: string): boolean {
  for (let at = bytes.indexOf(name); at !== -1; at = bytes.indexOf(name, at + 1))
    if (endsWithExtensions(bytes.subarray(at, bytes.length - idBytes))) return true
  return false
}

function endsWithExtensions(bytes: Buffer): boolean {
  let at = 0
  while (at + EXTENSION_HEADER_BYTES <= bytes.length)
    at += EXTENSION_HEADER_BYTES + bytes.readUInt32BE(at + 4)
  return at === bytes.length
}
