import { TaskVaultError } from '../../errors.ts'
import type { Row, SqlValue } from './database.ts'

/** The part of an SQLite binding that is used; both bindings have it under these names. */
export interface SqliteConnection {
  prepare(sql: string): SqliteStatement
  exec(sql: string): void
  close(): void
}

export interface SqliteStatement {
  get(...values: SqlValue[]): Row | undefined
  all(...values: SqlValue[]): Row[]
  run(...values: SqlValue[]): { changes: number | bigint; lastInsertRowid: number | bigint }
}

/** A binding to SQLite. Its failures are its own; sqlite-failure.ts names them. */
export interface SqliteDriver {
  readonly name: SqliteDriverName
  connect(file: string, options: { readonly readOnly: boolean }): SqliteConnection
}

export type SqliteDriverName = 'node' | 'better-sqlite3'

/** How long a statement waits for another process's lock. */
const BUSY_TIMEOUT_MS = 5_000

/** Before it, two processes that write and checkpoint at once could corrupt the database. */
const OLDEST_SOUND_SQLITE = [3, 51, 3] as const

/**
 * Loads the binding that `forced` names, or else Node's own where its SQLite is sound (it is there at
 * once, the addon takes time to load), or else better-sqlite3.
 * @throws {TaskVaultError} DATABASE_UNAVAILABLE when there is none; ARGUMENT_INVALID for another name.
 */
export async function loadSqliteDriver(
  forced: string | undefined = process.env['TASKVAULT_SQLITE'],
): Promise<SqliteDriver> {
  switch (forced) {
    case 'node':
      return loadNodeSqlite()
    case 'better-sqlite3':
      return await loadBetterSqlite()
    case undefined:
    case '':
      return await (isSound(process.versions['sqlite']) ? loadNodeSqlite() : loadBetterSqlite())
    default:
      throw new TaskVaultError(
        'ARGUMENT_INVALID',
        `TASKVAULT_SQLITE is ${JSON.stringify(forced)}`,
        {
          hint: 'Set it to "node" or "better-sqlite3", or unset it.',
        },
      )
  }
}

/** Whether a version of SQLite (`3.53.4`) may be shared by processes that write; unknown ones may not. */
export function isSound(version: string | undefined): boolean {
  const parts = (version ?? '0').split('.').map(Number)
  for (const [place, oldest] of OLDEST_SOUND_SQLITE.entries()) {
    const part = parts[place] ?? 0
    if (part !== oldest) return part > oldest
  }
  return true
}

function loadNodeSqlite(): SqliteDriver {
  // Not by `import()`, for which a command starts Node's loader of ES modules, which nothing else of it needs.
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite')
  return {
    name: 'node',
    connect(file, { readOnly }) {
      const database = new DatabaseSync(file, { readOnly, timeout: BUSY_TIMEOUT_MS })
      database.enableDefensive(true)
      // Its types are wider: without options it neither returns nor takes more than SqlValue.
      return database as unknown as SqliteConnection
    },
  }
}

async function loadBetterSqlite(): Promise<SqliteDriver> {
  const { default: Connection } = await import('better-sqlite3').catch((cause: unknown) => {
    throw new TaskVaultError('DATABASE_UNAVAILABLE', 'Could not load better-sqlite3', {
      hint: 'Use a Node whose own SQLite is 3.51.3 or later, or install better-sqlite3.',
      cause,
    })
  })
  return {
    name: 'better-sqlite3',
    // Builds of better-sqlite3 are defensive by themselves.
    connect: (file, { readOnly }) =>
      new Connection(file, { readonly: readOnly, timeout: BUSY_TIMEOUT_MS }),
  }
}
