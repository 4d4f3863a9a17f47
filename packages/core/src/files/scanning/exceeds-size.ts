import { lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Whether the files at and below paths have more bytes than `limitBytes` together; looks no further once they have.
 * Symlinks are not followed, and what cannot be looked at counts as nothing. Lets others work after each directory.
 */
export async function exceedsSize(
  absolutePaths: readonly string[],
  limitBytes: number,
): Promise<boolean> {
  const waiting = [...absolutePaths]
  let sizeBytes = 0
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const stats = unlessUnreadable(() => lstatSync(path))
    if (stats?.isFile() === true) sizeBytes += stats.size
    if (sizeBytes > limitBytes) return true
    if (stats?.isDirectory() !== true) continue
    const names = unlessUnreadable(() => readdirSync(path)) ?? []
    waiting.push(...names.map((name) => join(path, name)))
    await new Promise((resolve) => setImmediate(resolve))
  }
  return false
}

function unlessUnreadable<Result>(look: () => Result): Result | undefined {
  try {
    return look()
  } catch {
    return undefined
  }
}
