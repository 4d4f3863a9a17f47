import { TaskVaultError, systemErrorCode } from '@taskvault/core'
import type { ErrorCode } from '@taskvault/core'

/** The lowest byte of https://sqlite.org/rescode.html says what failed. */
const SQLITE_CODES: Readonly<Record<number, ErrorCode>> = {
  5: 'DATABASE_BUSY',
  6: 'DATABASE_BUSY',
  8: 'PERMISSION_DENIED',
  10: 'DATABASE_UNAVAILABLE',
  11: 'DATABASE_CORRUPT',
  13: 'DISK_FULL',
  14: 'DATABASE_UNAVAILABLE',
  26: 'DATABASE_CORRUPT',
}

/** Names what SQLite refused; a mistake in a statement is a bug, and stays what it is. */
export function asSqliteFailure(error: unknown, file: string): unknown {
  if (!(error instanceof Error) || error instanceof TaskVaultError) return error
  const { errcode } = error as { errcode?: unknown }
  const named = typeof errcode === 'number' ? SQLITE_CODES[errcode & 0xff] : undefined
  const code = named ?? (isRefusedByTheSystem(error) ? 'DATABASE_UNAVAILABLE' : undefined)
  if (code === undefined) return error
  return new TaskVaultError(code, `Could not use ${file}: ${error.message}`, { cause: error })
}

function isRefusedByTheSystem(error: Error): boolean {
  const code = systemErrorCode(error)
  return code !== undefined && !code.startsWith('ERR_')
}

/** https://www.postgresql.org/docs/current/errcodes-appendix.html: worth another try at once. */
const CONFLICTS = new Set(['40001', '40P01', '55P03'])

/** The server goes down or comes up, has no room for us, or takes no writes any more. */
const UNAVAILABLE = /^(?:08...|57P0[1-5]|57014|53...|25006|58...|XX...)$/

/** What is said when nobody answers for the connection any more, without a code. */
const CONNECTION_LOST =
  /connection terminated|connection ended|not queryable|timeout exceeded|timeout expired|client was closed/i

/** Names what PostgreSQL, or the way to it, refused; a mistake in a statement stays what it is. */
export function asPostgresFailure(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof TaskVaultError) return error
  const state = systemErrorCode(error)
  if (state !== undefined && CONFLICTS.has(state)) {
    return new TaskVaultError('DATABASE_BUSY', `Another change was first: ${error.message}`, {
      cause: error,
    })
  }
  if (!isUnavailable(error, state)) return error
  return new TaskVaultError('DATABASE_UNAVAILABLE', `Cannot use the database: ${error.message}`, {
    cause: error,
    hint: 'Check that PostgreSQL runs, and that this address and user may reach it.',
  })
}

function isUnavailable(error: Error, state: string | undefined): boolean {
  if (state === undefined) return CONNECTION_LOST.test(error.message)
  // Those of the operating system have a name (ECONNREFUSED), those of the database five characters.
  if (/^E[A-Z]{4,}/.test(state) && !state.startsWith('ERR_')) return true
  return UNAVAILABLE.test(state) || state.startsWith('28') || state === '3D000'
}
