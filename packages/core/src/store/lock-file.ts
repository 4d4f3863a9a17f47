import { mkdirSync, statSync, unlinkSync } from 'node:fs'
import path from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { asTaskVaultError, systemErrorCode, TaskVaultError } from '../errors.ts'

export interface LockOptions {
  /** Gives up waiting, with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** Called once, when somebody else has held the lock for a second. */
  readonly onWait?: (() => void) | undefined
}

/** Released by disposing, and by the system when the process that holds it dies in any way. */
export interface HeldLock extends AsyncDisposable {
  /** Whether somebody else held it first. */
  readonly wasContended: boolean
}

const SHORTEST_PAUSE_MS = 20
const LONGEST_PAUSE_MS = 200
const WAIT_NOTICE_MS = 1000

/**
 * Waits for the lock that the file `lockPath` stands for, and takes it.
 *
 * The lock is SQLite's own on a database that is always empty: Node has no file locks, and a file
 * that names a process cannot tell a dead holder from a living one with the same number. The file is
 * removed with the lock, so that keys of the past leave nothing behind. Node's own SQLite will do,
 * whichever version: nothing is ever written.
 * @throws {TaskVaultError} PERMISSION_DENIED, DISK_FULL, DATABASE_UNAVAILABLE when there can be no lock
 * here; and the signal's reason.
 */
export async function acquireLock(lockPath: string, options: LockOptions = {}): Promise<HeldLock> {
  const { signal, onWait } = options
  // Loaded here: a hit has no use for it.
  const sqlite = await import('node:sqlite')
  const startedAt = performance.now()
  let wasContended = false
  let wasNoticed = false
  for (let pauseMs = SHORTEST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 1.5, LONGEST_PAUSE_MS)) {
    signal?.throwIfAborted()
    const attempt = tryLock(lockPath, (file) => new sqlite.DatabaseSync(file, { timeout: 0 }))
    if (attempt.kind === 'held') return hold(lockPath, attempt.database, wasContended)
    if (attempt.kind === 'stale') continue
    wasContended = true
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

type Attempt =
  | { readonly kind: 'held'; readonly database: DatabaseSync }
  | { readonly kind: 'busy' }
  /** Locked, but the file has been removed meanwhile: others lock another file of that name. */
  | { readonly kind: 'stale' }

function tryLock(lockPath: string, open: (file: string) => DatabaseSync): Attempt {
  let database: DatabaseSync | undefined
  try {
    mkdirSync(path.dirname(lockPath), { recursive: true })
    const before = fileNumber(lockPath)
    database = open(lockPath)
    database.exec('BEGIN EXCLUSIVE')
    // A number cannot be given to a new file while the old one is open here. A file that was not
    // there before is known to the next attempt.
    if (before !== undefined && before === fileNumber(lockPath)) return { kind: 'held', database }
    database.close()
    return { kind: 'stale' }
  } catch (error) {
    database?.close()
    if (sqliteCode(error) === SQLITE_BUSY) return { kind: 'busy' }
    throw lockFailure(error, lockPath)
  }
}

function hold(lockPath: string, database: DatabaseSync, wasContended: boolean): HeldLock {
  return {
    wasContended,
    async [Symbol.asyncDispose]() {
      // Before the lock goes: afterwards the file is the next holder's.
      removeFile(lockPath)
      database.close()
    },
  }
}

const SQLITE_BUSY = 5
const SQLITE_READONLY = 8
const SQLITE_FULL = 13

function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined
  // The lowest byte; the others say more than is asked here.
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined
}

function lockFailure(error: unknown, lockPath: string): TaskVaultError {
  const code = sqliteCode(error)
  if (code === undefined) return asTaskVaultError(error, `lock ${lockPath}`)
  const names = { [SQLITE_READONLY]: 'PERMISSION_DENIED', [SQLITE_FULL]: 'DISK_FULL' } as const
  const name =
    code === SQLITE_READONLY || code === SQLITE_FULL ? names[code] : 'DATABASE_UNAVAILABLE'
  const reason = error instanceof Error ? error.message : String(error)
  return new TaskVaultError(name, `Could not lock ${lockPath}: ${reason}`, { cause: error })
}

function fileNumber(lockPath: string): bigint | undefined {
  return statSync(lockPath, { bigint: true, throwIfNoEntry: false })?.ino
}

function removeFile(lockPath: string): void {
  try {
    unlinkSync(lockPath)
  } catch (error) {
    // Windows does not remove what is open. The empty file stays, and serves the next run of the key.
    if (!['ENOENT', 'EPERM', 'EBUSY', 'EACCES'].includes(systemErrorCode(error) ?? '')) {
      throw asTaskVaultError(error, `remove ${lockPath}`)
    }
  }
}
