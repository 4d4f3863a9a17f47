import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { removeFile } from '../../files/remove-file.ts'

/** The files beside the index that say what state it is in. */
export interface IndexFiles {
  readonly database: string
  /** Stands while the index is being rebuilt. */
  readonly gate: string
  /** Says which file was found damaged. */
  readonly damageMark: string
  /** Held by whoever rebuilds. */
  readonly lock: string
}

export function indexFiles(cacheDirectory: string): IndexFiles {
  const database = join(cacheDirectory, 'cache.db')
  return {
    database,
    gate: `${database}.rebuilding`,
    damageMark: `${database}.damaged`,
    lock: join(cacheDirectory, 'locks', 'rebuild'),
  }
}

/**
 * Notes that SQLite found the index damaged, so that it is rebuilt when it is opened next. Best
 * effort, because the same trouble may keep files from being written.
 */
export function markDamaged(files: IndexFiles): void {
  try {
    writeFileSync(files.damageMark, `${identify(files.database)}\n`)
  } catch {
    // The next process finds the damage as this one did.
  }
}

/** Whether the index that is there now was found damaged; a mark about an earlier one is removed. */
export function isMarkedDamaged(files: IndexFiles): boolean {
  let mark: string
  try {
    mark = readFileSync(files.damageMark, 'utf8').trim()
  } catch {
    return false
  }
  if (mark === identify(files.database)) return true
  try {
    removeFile(files.damageMark)
  } catch {
    // It says nothing about this index, wherever it stands.
  }
  return false
}

/** The file itself, whatever name it has: a rebuilt index is another file. */
function identify(file: string): string {
  const found = statSync(file, { bigint: true, throwIfNoEntry: false })
  return found === undefined ? 'none' : `${found.dev}:${found.ino}:${found.birthtimeNs}`
}
