import { existsSync, statSync, utimesSync } from 'node:fs'
import path from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { asTaskVaultError, TaskVaultError } from '../../errors.ts'
import { ensureDirectory } from '../../files/ensure-directory.ts'
import { whyNotOpened } from '../database/why-not-opened.ts'

export interface LockOptions {
  /** Gives up waiting, with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** Called once, when somebody else has held the lock for a second. */
  readonly onWait?: (() => void) | undefined
}

export type LockAttempt =
  | { readonly kind: 'held'; readonly database: DatabaseSync }
  | { readonly kind: 'busy' }
  /** The file was replaced or removed meanwhile: others lock another file of that name. */
  | { readonly kind: 'stale'; readonly error?: unknown }

const SHORTEST_PAUSE_MS = 20
const LONGEST_PAUSE_MS = 200
const WAIT_NOTICE_MS = 1000
/** Files are removed rarely; so often in a row it is something else. */
const MOST_STALE_ATTEMPTS = 1000

/**
 * Waits for the lock that the file `lockPath` stands for, and takes it.
 *
 * The lock is SQLite's own on a database that is always empty: Node has no file locks, and a file
 * that names a process cannot tell a dead holder from a living one with the same number. Node's own
 * SQLite will do, whichever version: nothing is ever written. The empty file stays, until
 * `removeOldLocks` finds that nobody has used it for long.
 * @returns the lock: released by disposing, and by the system when the process dies in any way.
 * @throws {TaskVaultError} PERMISSION_DENIED, DISK_FULL, DATABASE_UNAVAILABLE when there can be no lock
 * here; and the signal's reason.
 */
export async function acquireLock(
  lockPath: string,
  options: LockOptions = {},
): Promise<AsyncDisposable> {
  const { signal, onWait } = options
  const open = loadOpener()
  const startedAt = performance.now()
  let wasNoticed = false
  let staleAttempts = 0
  for (let pauseMs = SHORTEST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 1.5, LONGEST_PAUSE_MS)) {
    signal?.throwIfAborted()
    const attempt = tryLock(lockPath, open)
    if (attempt.kind === 'held') return hold(lockPath, attempt.database)
    if (attempt.kind === 'stale') {
      staleAttempts += 1
      if (staleAttempts > MOST_STALE_ATTEMPTS) throw lockFailure(attempt.error, lockPath)
      continue
    }
    if (!wasNoticed && performance.now() - startedAt >= WAIT_NOTICE_MS) {
      wasNoticed = true
      onWait?.()
    }
    // Not all at once: those who wait began together when the holder did.
    await delay(
      pauseMs * (0.5 + Math.random() / 2),
      undefined,
      signal === undefined ? {} : { signal },
    )
  }
}

/** Opens an empty database that is there, or makes one. Loaded when needed: a hit has no use for it. */
export function loadOpener(): (file: string) => DatabaseSync {
  // Not by `import()`, for which a command starts Node's loader of ES modules, which nothing else of it needs.
  const sqlite = process.getBuiltinModule('node:sqlite')
  return (file) => new sqlite.DatabaseSync(file, { timeout: 0 })
}

/** Takes a lock if nobody has it. The directory is created when it is not there. */
export function tryLock(lockPath: string, open: (file: string) => DatabaseSync): LockAttempt {
  let database: DatabaseSync | undefined
  let before: string | undefined
  try {
    ensureDirectory(path.dirname(lockPath))
    before = identify(lockPath)
    database = open(lockPath)
    // No journal beside the file: there will be nothing to take back.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    // A file that was not there before is known to the next attempt.
    if (before !== undefined && before === identify(lockPath)) return { kind: 'held', database }
    database.close()
    return { kind: 'stale' }
  } catch (error) {
    database?.close()
    const code = sqliteCode(error)
    if (code === SQLITE_BUSY) return { kind: 'busy' }
    // So SQLite complains of a file that was removed under it.
    const isRemoval = code === SQLITE_IOERR || code === SQLITE_READONLY
    if (isRemoval && (before === undefined || before !== identify(lockPath)))
      return { kind: 'stale', error }
    throw lockFailure(error, lockPath)
  }
}

function hold(lockPath: string, database: DatabaseSync): AsyncDisposable {
  const now = new Date()
  try {
    utimesSync(lockPath, now, now)
  } catch {
    // It only looks older than it is.
  }
  return {
    async [Symbol.asyncDispose]() {
      database.close()
    },
  }
}

/** Names the file that a path leads to now; a number alone is given to a new file soon. */
function identify(lockPath: string): string | undefined {
  const stats = statSync(lockPath, { bigint: true, throwIfNoEntry: false })
  return stats === undefined ? undefined : `${stats.ino} ${stats.birthtimeNs}`
}

const SQLITE_BUSY = 5
const SQLITE_READONLY = 8
const SQLITE_IOERR = 10
const SQLITE_FULL = 13
const SQLITE_CANTOPEN = 14

function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined
  // The lowest byte; the others say more than is asked here.
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined
}

function lockFailure(error: unknown, lockPath: string): TaskVaultError {
  const code = sqliteCode(error)
  if (code === undefined) return asTaskVaultError(error, `lock ${lockPath}`)
  const place = existsSync(lockPath) ? lockPath : path.dirname(lockPath)
  const refusal = code === SQLITE_CANTOPEN ? whyNotOpened(place, `lock ${lockPath}`) : undefined
  if (refusal !== undefined) return refusal
  const names = { [SQLITE_READONLY]: 'PERMISSION_DENIED', [SQLITE_FULL]: 'DISK_FULL' } as const
  const name =
    code === SQLITE_READONLY || code === SQLITE_FULL ? names[code] : 'DATABASE_UNAVAILABLE'
  const reason = error instanceof Error ? error.message : String(error)
  return new TaskVaultError(name, `Could not lock ${lockPath}: ${reason}`, { cause: error })
}
