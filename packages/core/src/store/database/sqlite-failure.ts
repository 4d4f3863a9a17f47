import { TaskVaultError } from '../../errors.ts'
import type { ErrorCode } from '../../errors.ts'
import { whyNotOpened } from './why-not-opened.ts'

/*
 * https://sqlite.org/rescode.html. The lowest byte says what failed, the second one where. Node's
 * binding gives the number, better-sqlite3 the name.
 */
const RESULT_CODES: readonly (readonly [name: string, number: number, code: ErrorCode])[] = [
  ['SQLITE_INTERNAL', 2, 'DATABASE_CORRUPT'],
  ['SQLITE_PERM', 3, 'PERMISSION_DENIED'],
  ['SQLITE_BUSY', 5, 'DATABASE_BUSY'],
  ['SQLITE_LOCKED', 6, 'DATABASE_BUSY'],
  ['SQLITE_READONLY', 8, 'PERMISSION_DENIED'],
  ['SQLITE_IOERR', 10, 'DATABASE_UNAVAILABLE'],
  ['SQLITE_CORRUPT', 11, 'DATABASE_CORRUPT'],
  ['SQLITE_FULL', 13, 'DISK_FULL'],
  ['SQLITE_CANTOPEN', 14, 'DATABASE_UNAVAILABLE'],
  ['SQLITE_PROTOCOL', 15, 'DATABASE_BUSY'],
  // What is written follows from what was read in the same transaction: the two contradict each other.
  ['SQLITE_CONSTRAINT', 19, 'DATABASE_CORRUPT'],
  ['SQLITE_MISMATCH', 20, 'DATABASE_CORRUPT'],
  ['SQLITE_AUTH', 23, 'PERMISSION_DENIED'],
  ['SQLITE_NOTADB', 26, 'DATABASE_CORRUPT'],
]

/** Less came back than the file's own header promises, or the disk itself reports damage. */
const CORRUPT_IO_CODES = [522, 8458]
const CORRUPT_IO_NAMES = ['SQLITE_IOERR_SHORT_READ', 'SQLITE_IOERR_CORRUPTFS', 'SQLITE_IOERR_DATA']

/** The memory that processes share is a file beside the database, for which there is no room. */
const FULL_IO_CODES = [4874]
const FULL_IO_NAMES = ['SQLITE_IOERR_SHMSIZE']

/**
 * Mistakes in statements, and in their order. The statements are constant and tested: when one of them
 * is refused for any other reason, what the file says of its tables is not what we wrote.
 */
const MISTAKES = /syntax error|incomplete input|unrecognized token|transaction/

const HINTS: Partial<Record<ErrorCode, string>> = {
  DATABASE_CORRUPT: 'Run `taskvault doctor --repair`; entries are recovered from their blobs.',
  DATABASE_BUSY: 'Another process has held the index for a long time; try again.',
  DISK_FULL: 'Free some space, or run `taskvault cache prune`.',
  PERMISSION_DENIED: 'Check who owns the cache directory and its mode.',
}

/** Names a failure of either SQLite binding on the database `file`; bugs are passed through. */
export function sqliteFailure(error: unknown, file: string): unknown {
  if (error instanceof TaskVaultError || !(error instanceof Error)) return error
  const code = codeOf(error)
  if (code === undefined) return error
  if (code === 'DATABASE_UNAVAILABLE' || code === 'PERMISSION_DENIED') {
    const cause = whyNotOpened(file, `open ${file}`)
    if (cause !== undefined) return cause
  }
  const hint = HINTS[code]
  const details = hint === undefined ? { cause: error } : { hint, cause: error }
  return new TaskVaultError(code, `Could not use ${file}: ${error.message}`, details)
}

function codeOf(error: Error): ErrorCode | undefined {
  const { code, errcode } = error as { code?: unknown; errcode?: unknown }
  if (errcode === 1 || code === 'SQLITE_ERROR') {
    return MISTAKES.test(error.message) ? undefined : 'DATABASE_CORRUPT'
  }
  if (typeof errcode === 'number') {
    if (CORRUPT_IO_CODES.includes(errcode)) return 'DATABASE_CORRUPT'
    if (FULL_IO_CODES.includes(errcode)) return 'DISK_FULL'
    return (
      RESULT_CODES.find(([, number]) => number === (errcode & 0xff))?.[2] ?? 'DATABASE_UNAVAILABLE'
    )
  }
  // An integer that is no safe number: nothing here ever wrote one.
  if (code === 'ERR_OUT_OF_RANGE') return 'DATABASE_CORRUPT'
  // better-sqlite3 looks for the directory itself.
  if (error.message.startsWith('Cannot open database because')) return 'DATABASE_UNAVAILABLE'
  if (typeof code !== 'string' || !code.startsWith('SQLITE_')) return undefined
  if (CORRUPT_IO_NAMES.includes(code)) return 'DATABASE_CORRUPT'
  if (FULL_IO_NAMES.includes(code)) return 'DISK_FULL'
  const known = RESULT_CODES.find(([name]) => code === name || code.startsWith(`${name}_`))
  return known?.[2] ?? 'DATABASE_UNAVAILABLE'
}
