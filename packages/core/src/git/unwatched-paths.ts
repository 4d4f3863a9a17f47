import type { Repository } from './find-repository.ts'
import { idLength, readIndexBytes, readIndex } from './open-index.ts'
import type { GitOptions } from './run-git.ts'

const HEADER_BYTES = 12
const ID_AT = 40
const LONG_NAME = 0xfff
/** In the first byte of the flags; the last one in that of the flags that follow. */
const EXTENDED_FLAG = 0x40
const ASSUME_UNCHANGED_FLAG = 0x80
const SKIP_WORKTREE_FLAG = 0x40

/**
 * Paths that git was told not to look at in the work tree (see `IndexEntry.isUnwatched`), relative to it.
 * Nearly always there are none, which is told without reading all the names.
 * @throws {TaskVaultError} GIT_FAILED when only git can read the index, and git fails.
 */
export function listUnwatched(repository: Repository, options: GitOptions): string[] {
  const bytes = readIndexBytes(repository, options)
  if (bytes === undefined || hasUnwatched(bytes, idLength(repository)) === false) return []
  return readIndex(repository, options)
    .filter(({ isUnwatched }) => isUnwatched)
    .map(({ path }) => path)
}

/** Undefined for an index whose entries follow one another otherwise than in versions 2 and 3. */
export function hasUnwatched(bytes: Buffer, idBytes: number): boolean | undefined {
  const version = bytes.length > HEADER_BYTES ? bytes.readUInt32BE(4) : 0
  if (version !== 2 && version !== 3) return undefined
  let at = HEADER_BYTES
  for (let left = bytes.readUInt32BE(8); left > 0; left -= 1) {
    const flagsAt = at + ID_AT + idBytes
    if (flagsAt + 4 > bytes.length) return undefined
    const flags = bytes[flagsAt] as number
    const isExtended = (flags & EXTENDED_FLAG) !== 0
    if ((flags & ASSUME_UNCHANGED_FLAG) !== 0) return true
    if (isExtended && ((bytes[flagsAt + 2] as number) & SKIP_WORKTREE_FLAG) !== 0) return true
    const nameAt = flagsAt + (isExtended ? 4 : 2)
    const length = ((flags & 0xf) << 8) | (bytes[flagsAt + 1] as number)
    const nameEnd = length < LONG_NAME ? nameAt + length : bytes.indexOf(0, nameAt)
    if (nameEnd < nameAt) return undefined
    at += (nameEnd - at + 8) & ~7
  }
  // A split or sparse index says more in its extensions, whose names begin with a small letter.
  const extension = bytes[at] ?? 0
  return extension >= FIRST_SMALL_LETTER && at < bytes.length - idBytes ? undefined : false
}

const FIRST_SMALL_LETTER = 0x61
