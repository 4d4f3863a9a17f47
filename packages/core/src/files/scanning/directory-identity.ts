import { lstatSync } from 'node:fs'
import type { Stats } from 'node:fs'
import type { DirectoryIdentity } from './listing.ts'
import { rememberedTime } from './scan-context.ts'

/** Whether a directory's times change with its names. POSIX says so; of file systems that Windows mounts, nobody does. */
const NAMES_CHANGE_TIMES = process.platform !== 'win32'

/**
 * What to remember of a directory; undefined when it changed this shortly ago that it may change again, and
 * look the same.
 * @param found what `lstat` said before the names were read, or when all of them had been made.
 */
export function identityOf(
  found: DirectoryIdentity | undefined,
  checkedAtMs: number,
): DirectoryIdentity | undefined {
  if (found === undefined || !NAMES_CHANGE_TIMES) return undefined
  if (Number.isNaN(rememberedTime(found, checkedAtMs))) return undefined
  const { dev, ino, mtimeMs, ctimeMs } = found
  return { dev, ino, mtimeMs, ctimeMs }
}

/** What `lstat` says of a directory; undefined when it cannot be looked at, or is none. */
export function lookAtDirectory(absoluteDirectory: string): Stats | undefined {
  try {
    const stats = lstatSync(absoluteDirectory, { throwIfNoEntry: false })
    // A link's own times say nothing of the names behind it.
    return stats?.isDirectory() === true ? stats : undefined
  } catch {
    // Listing its names fails as well, and says why.
    return undefined
  }
}
