import { lstatSync } from 'node:fs'
import type { Stats } from 'node:fs'
import type { DirectoryIdentity } from './listing.ts'
import { NAMES_CHANGE_TIMES } from './observe-directory.ts'
import { rememberedTime } from './scan-context.ts'

/**
 * What to remember of a directory; undefined when it changed this shortly ago that it may change again, and
 * look the same.
 * @param stats what `lstat` said before the names were read.
 */
export function identityOf(
  stats: Stats | undefined,
  checkedAtMs: number,
): DirectoryIdentity | undefined {
  if (stats === undefined || !NAMES_CHANGE_TIMES) return undefined
  if (Number.isNaN(rememberedTime(stats, checkedAtMs))) return undefined
  const { dev, ino, mtimeMs, ctimeMs } = stats
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
