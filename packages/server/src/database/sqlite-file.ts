import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { SQLInputValue, StatementSync } from 'node:sqlite'
import { ensureDirectory } from '@taskvault/core'
import type { QueryResult } from 'kysely'
import { asSqliteFailure } from './database-failure.ts'
import { createWriteLock } from './write-lock.ts'
import type { WriteLock } from './write-lock.ts'

/** One connection; statements are prepared once. */
export interface SqliteConnection {
  run<Row>(text: string, parameters: readonly unknown[]): QueryResult<Row>
  isInTransaction(): boolean
}

/**
 * A database file: one connection reads, at any time; the others write, one at a time.
 * `flushing` commits outlive a loss of power; `quick` ones outlive this process, and are made
 * outlasting by the next flushing one, since both append to the same log.
 */
export interface SqliteFile extends Disposable {
  readonly reader: SqliteConnection
  readonly writers: Readonly<Record<SqliteDurability, SqliteConnection>>
  readonly lock: WriteLock
}

export type SqliteDurability = 'flushing' | 'quick'

/** For which a statement may keep this process from all else while another process writes. */
const BUSY_TIMEOUT_MS = 20
const OPEN_TIMEOUT_MS = 5_000
const LOCK_TIMEOUT_MS = 15_000
const MOST_STATEMENTS = 500

/** Opens the file, and creates it and its directory where there is none. */
export function openSqliteFile(file: string): SqliteFile {
  try {
    ensureDirectory(dirname(file), 0o700)
    const flushing = connect(file, 'FULL')
    const quick = connect(file, 'NORMAL')
    const reader = connect(file, 'NORMAL')
    reader.exec('PRAGMA query_only = ON')
    return {
      reader: createConnection(reader, file),
      writers: {
        flushing: createConnection(flushing, file),
        quick: createConnection(quick, file),
      },
      lock: createWriteLock(LOCK_TIMEOUT_MS),
      [Symbol.dispose]: () => {
        for (const database of [reader, quick, flushing]) if (database.isOpen) database.close()
      },
    }
  } catch (error) {
    throw asSqliteFailure(error, file)
  }
}

function connect(file: string, synchronous: 'FULL' | 'NORMAL'): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: OPEN_TIMEOUT_MS })
  database.enableDefensive(true)
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = ${synchronous};
    PRAGMA foreign_keys = ON;
    PRAGMA trusted_schema = OFF;
    PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS};
  `)
  return database
}

interface PreparedStatement {
  readonly statement: StatementSync
  readonly givesRows: boolean
}

function createConnection(database: DatabaseSync, file: string): SqliteConnection {
  const statements = new Map<string, PreparedStatement>()

  const prepare = (text: string): PreparedStatement => {
    const known = statements.get(text)
    if (known !== undefined) return known
    if (statements.size >= MOST_STATEMENTS) statements.clear()
    const statement = database.prepare(text)
    // Asked once: it costs as much as running a statement does.
    const prepared = { statement, givesRows: statement.columns().length > 0 }
    statements.set(text, prepared)
    return prepared
  }
  return {
    isInTransaction: () => database.isTransaction,
    run<Row>(text: string, parameters: readonly unknown[]): QueryResult<Row> {
      try {
        const { statement, givesRows } = prepare(text)
        const values = parameters as readonly SQLInputValue[]
        if (givesRows) return { rows: statement.all(...values) as unknown as Row[] }
        const { changes } = statement.run(...values)
        return { rows: [], numAffectedRows: BigInt(changes) }
      } catch (error) {
        throw asSqliteFailure(error, file)
      }
    },
  }
}
