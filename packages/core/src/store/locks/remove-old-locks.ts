import { readdirSync, statSync, unlinkSync } from 'node:fs'
import path from 'node:path'
import { loadOpener, tryLock } from './lock-file.ts'

export interface OldLocks {
  /** Milliseconds since 1970. */
  readonly now: number
  readonly olderThanMs: number
  /** More than this are left for the next time. */
  readonly most: number
}

/**
 * Removes the files of locks that nobody has taken for long: one stays behind for every key that was
 * ever missed. Each is locked first, so that none is removed that somebody holds or waits for; one who
 * opened it just before notices that it is gone. Failures are passed over: somebody will come again.
 */
export function removeOldLocks(directory: string, { now, olderThanMs, most }: OldLocks): void {
  const open = loadOpener()
  const isOld = (file: string): boolean => {
    const stats = statSync(file, { throwIfNoEntry: false })
    // What is not empty is none of ours.
    return stats?.isFile() === true && stats.size === 0 && now - stats.mtimeMs > olderThanMs
  }
  unlessRefused(() => {
    const files = readdirSync(directory).map((name) => path.join(directory, name))
    for (const file of files.filter(isOld).slice(0, most))
      unlessRefused(() => removeIfFree(file, open))
  })
}

function unlessRefused(work: () => void): void {
  try {
    work()
  } catch {
    // In use, gone, or not ours to remove.
  }
}

function removeIfFree(file: string, open: Parameters<typeof tryLock>[1]): void {
  const attempt = tryLock(file, open)
  if (attempt.kind !== 'held') return
  try {
    unlinkSync(file)
  } finally {
    attempt.database.close()
  }
}
