import { isUtf8 } from 'node:buffer'
import { hash } from 'node:crypto'

/** One path in the git index. */
export interface IndexEntry {
  /** Relative to the work tree, with `/`. */
  readonly path: string
  /** Whether the path's bytes are UTF-8; those that are not have become U+FFFD. */
  readonly isUtf8: boolean
  /** As in trees: 0o100644, 0o100755, 0o120000 (symlink), 0o160000 (submodule). */
  readonly mode: number
  /** Hexadecimal id of the blob, or a submodule's commit. */
  readonly id: string
  /** 0, or 1 to 3 for the sides of a conflict. */
  readonly stage: number
  /** `git add -N`: known to git, but not part of the next commit. */
  readonly isIntentToAdd: boolean
  /**
   * Whether git was told not to look at the file in the work tree, which may be anything: by
   * `update-index --assume-unchanged` or `--skip-worktree`, or by a sparse checkout.
   */
  readonly isUnwatched: boolean
}

const HEADER_BYTES = 12
const STAT_BYTES = 40
const MODE_AT = 24
const EXTENDED_FLAG = 0x4000
const INTENT_TO_ADD_FLAG = 0x2000
const SKIP_WORKTREE_FLAG = 0x4000
const ASSUME_UNCHANGED_FLAG = 0x8000

/**
 * Reads git's index file, versions 2 to 4, in the order of the paths' bytes. Reading it here instead
 * of asking `git ls-files` needs no git on the machine, and no process, for each fingerprint.
 * @param idBytes 20 in repositories of SHA-1, 32 in those of SHA-256.
 * @returns undefined when the file is damaged, or split, or sparse, or newer: then ask git.
 */
export function parseIndex(bytes: Buffer, idBytes: number): IndexEntry[] | undefined {
  try {
    return isSound(bytes, idBytes) ? readIndex(bytes, idBytes) : undefined
  } catch (error) {
    // Reading beyond the end of a buffer: the file is cut off, or is no index at all.
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** Whether an index file is as git wrote it, by the checksum at its end; unknown where `index.skipHash` is set. */
export function isSound(bytes: Buffer, idBytes: number): boolean {
  if (bytes.length < HEADER_BYTES + idBytes) return false
  if (!hasChecksum(bytes, idBytes)) return true
  const algorithm = idBytes === 20 ? 'sha1' : 'sha256'
  const checksum = bytes.subarray(-idBytes)
  return hash(algorithm, bytes.subarray(0, -idBytes), 'buffer').equals(checksum)
}

/** With `index.skipHash`, there are zeros in its place. */
export function hasChecksum(bytes: Buffer, idBytes: number): boolean {
  return bytes.subarray(-idBytes).some((byte) => byte !== 0)
}

function readIndex(bytes: Buffer, idBytes: number): IndexEntry[] | undefined {
  const version = bytes.readUInt32BE(4)
  if (bytes.toString('latin1', 0, 4) !== 'DIRC' || version < 2 || version > 4) return undefined
  const entries: IndexEntry[] = []
  let at = HEADER_BYTES
  let former: Buffer = Buffer.alloc(0)
  for (let left = bytes.readUInt32BE(8); left > 0; left -= 1) {
    const fixed = readFixedPart(bytes, at, idBytes)
    const name =
      version === 4 ? readPackedName(bytes, fixed.end, former) : readName(bytes, fixed.end)
    if (name === undefined) return undefined
    former = name.bytes
    // Before version 4, entries are padded with 1 to 8 zeros to a multiple of 8 bytes.
    at = version === 4 ? name.end : at + ((name.end - 1 - at + 8) & ~7)
    const { end: _, ...fields } = fixed
    entries.push({ ...decodePath(name.bytes), ...fields })
  }
  return hasOnlyOptionalExtensions(bytes, at, idBytes) ? entries : undefined
}

/** A path as text. Git takes any bytes for a name; we cannot. */
export function decodePath(bytes: Buffer): Pick<IndexEntry, 'path' | 'isUtf8'> {
  const path = bytes.toString('utf8')
  return { path, isUtf8: !path.includes('\uFFFD') || isUtf8(bytes) }
}

type FixedPart = Omit<IndexEntry, 'path' | 'isUtf8'> & { readonly end: number }

function readFixedPart(bytes: Buffer, at: number, idBytes: number): FixedPart {
  const idAt = at + STAT_BYTES
  const flagsAt = idAt + idBytes
  const flags = bytes.readUInt16BE(flagsAt)
  const isExtended = (flags & EXTENDED_FLAG) !== 0
  const more = isExtended ? bytes.readUInt16BE(flagsAt + 2) : 0
  return {
    mode: bytes.readUInt32BE(at + MODE_AT),
    id: bytes.toString('hex', idAt, flagsAt),
    stage: (flags >> 12) & 3,
    isIntentToAdd: (more & INTENT_TO_ADD_FLAG) !== 0,
    isUnwatched: (flags & ASSUME_UNCHANGED_FLAG) !== 0 || (more & SKIP_WORKTREE_FLAG) !== 0,
    end: flagsAt + (isExtended ? 4 : 2),
  }
}

interface Name {
  readonly bytes: Buffer
  /** After the zero that ends it. */
  readonly end: number
}

function readName(bytes: Buffer, at: number): Name | undefined {
  const end = bytes.indexOf(0, at)
  return end === -1 ? undefined : { bytes: bytes.subarray(at, end), end: end + 1 }
}

/** Version 4: how many bytes to drop from the end of the former name, then what to add to it. */
function readPackedName(bytes: Buffer, start: number, former: Buffer): Name | undefined {
  let at = start
  let byte = bytes.readUInt8(at++)
  let dropped = byte & 0x7f
  while ((byte & 0x80) !== 0) {
    byte = bytes.readUInt8(at++)
    dropped = ((dropped + 1) << 7) | (byte & 0x7f)
  }
  const added = readName(bytes, at)
  if (added === undefined || dropped > former.length) return undefined
  const kept = former.subarray(0, former.length - dropped)
  return { bytes: Buffer.concat([kept, added.bytes]), end: added.end }
}

/** An extension whose name begins with a small letter changes what the entries mean. */
function hasOnlyOptionalExtensions(bytes: Buffer, start: number, idBytes: number): boolean {
  let at = start
  while (at < bytes.length - idBytes) {
    if (!/^[A-Z]/.test(bytes.toString('latin1', at, at + 1))) return false
    at += 8 + bytes.readUInt32BE(at + 4)
  }
  return at === bytes.length - idBytes
}
