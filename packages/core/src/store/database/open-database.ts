import { existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { TaskVaultError, isTaskVaultError } from '../../errors.ts'
import { pause } from '../../files/pause.ts'
import type { Database, Durability, Statement } from './database.ts'
import { refuseToWrite } from './refuse-to-write.ts'
import { loadSqliteDriver } from './sqlite-driver.ts'
import type { SqliteConnection, SqliteDriver, SqliteStatement } from './sqlite-driver.ts'
import { sqliteFailure } from './sqlite-failure.ts'

export interface DatabaseOptions {
  readonly readOnly?: boolean
  readonly driver?: SqliteDriver
  /** A file that stands while another process puts a new file in this one's place. */
  readonly gate?: string
  /** Called whenever SQLite finds the file damaged, before the failure is thrown. */
  readonly onCorrupt?: () => void
}

/*
 * WAL: readers and one writer at once. Nothing that the file's own schema could do is trusted, and
 * nothing is mapped into memory: a damaged file must be an error, not a fault.
 */
const SETTINGS = `
PRAGMA journal_mode = WAL;
PRAGMA journal_size_limit = ${64 * 1024 * 1024};
PRAGMA foreign_keys = ON;
PRAGMA trusted_schema = OFF;
PRAGMA cell_size_check = ON;
PRAGMA mmap_size = 0;
PRAGMA cache_size = -16384;
`
const READ_ONLY_SETTINGS =
  'PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; PRAGMA mmap_size = 0;'

/** In WAL mode, NORMAL survives the death of the process, FULL the loss of power. */
const SYNCHRONOUS: Readonly<Record<Durability, string>> = {
  relaxed: 'PRAGMA synchronous = NORMAL',
  durable: 'PRAGMA synchronous = FULL',
}

/**
 * Opens the SQLite database `file`, and creates it when it is not there and may be written. Tables
 * are the caller's business.
 * @throws {TaskVaultError} DATABASE_CORRUPT, DATABASE_BUSY, PERMISSION_DENIED, DISK_FULL,
 * TOO_MANY_OPEN_FILES, DATABASE_UNAVAILABLE.
 */
export async function openDatabase(file: string, options: DatabaseOptions = {}): Promise<Database> {
  const driver = options.driver ?? (await loadSqliteDriver())
  return createDatabase(file, { ...options, driver })
}

function createDatabase(
  file: string,
  options: DatabaseOptions & { readonly driver: SqliteDriver },
): Database {
  const isReadOnly = options.readOnly ?? false
  const connect = (): Connected =>
    naming(() =>
      connectUnmoved(file, options.gate, () => openConnection(file, options.driver, isReadOnly)),
    )
  let connected = connect()
  let prepared = new Map<string, SqliteStatement>()
  const statements = new Map<string, Statement>()
  let durability: Durability = 'durable'
  let isInTransaction = false
  let isClosed = false

  function naming<Result>(work: () => Result): Result {
    try {
      return work()
    } catch (error) {
      const failure = sqliteFailure(error, file)
      if (failure instanceof TaskVaultError && failure.code === 'DATABASE_CORRUPT')
        options.onCorrupt?.()
      throw failure
    }
  }

  function preparedFor(sql: string): SqliteStatement {
    const known = prepared.get(sql)
    if (known !== undefined) return known
    const statement = connected.connection.prepare(sql)
    prepared.set(sql, statement)
    return statement
  }

  /** Outlives the connection: it is prepared again on the next one. */
  function createStatement(sql: string): Statement {
    return {
      get: (...values) => naming(() => preparedFor(sql).get(...values)),
      all: (...values) => naming(() => preparedFor(sql).all(...values)),
      run: (...values) =>
        naming(() => {
          const { changes, lastInsertRowid } = preparedFor(sql).run(...values)
          return { changes: Number(changes), lastInsertRowid: Number(lastInsertRowid) }
        }),
    }
  }

  const run = (sql: string): void => naming(() => void preparedFor(sql).run())

  function begin(wanted: Durability): void {
    if (isReadOnly) throw refuseToWrite(dirname(file))
    if (isInTransaction) throw new Error('transactions do not nest')
    if (wanted !== durability) {
      naming(() => connected.connection.exec(SYNCHRONOUS[wanted]))
      durability = wanted
    }
    run('BEGIN IMMEDIATE')
    // A rebuild holds this lock while it replaces the file: whoever gets it then holds the wrong one.
    if (isReplaced()) {
      rollBack()
      reconnect()
      return begin(wanted)
    }
    isInTransaction = true
  }

  /** Not when the file has been removed: then there is nothing better to write to. */
  function isReplaced(): boolean {
    const current = fileNumber(file)
    // A rebuild that has begun may have looked for entries already.
    return isGateClosed(options.gate) || (current !== undefined && current !== connected.fileNumber)
  }

  function reconnect(): void {
    const next = connect()
    connected.connection.close()
    connected = next
    prepared = new Map()
    durability = 'durable'
  }

  function rollBack(): void {
    try {
      preparedFor('ROLLBACK').run()
    } catch {
      // SQLite has rolled back by itself: a full disk does that.
    }
  }

  return {
    isReadOnly,
    prepare(sql) {
      const known = statements.get(sql)
      if (known !== undefined) return known
      const statement = createStatement(sql)
      statements.set(sql, statement)
      return statement
    },
    exec: (sql) => naming(() => connected.connection.exec(sql)),
    transaction(wanted, work) {
      begin(wanted)
      try {
        const result = work()
        run('COMMIT')
        return result
      } catch (error) {
        rollBack()
        throw error
      } finally {
        isInTransaction = false
      }
    },
    followReplacement() {
      if (isReadOnly || (fileNumber(file) !== undefined && !isReplaced())) return false
      reconnect()
      return true
    },
    [Symbol.dispose]: () => {
      // Node's own SQLite closes no connection twice, as some do who must close it before its scope ends.
      if (isClosed) return
      isClosed = true
      prepared = new Map()
      naming(() => connected.connection.close())
    },
  }
}

interface Connected {
  readonly connection: SqliteConnection
  readonly fileNumber: bigint | undefined
}

const REPLACEMENT_TIMEOUT_MS = 5_000
const PAUSE_MS = 20

/**
 * A rebuild puts another file, with another write-ahead log, in the place of this one. A connection
 * that was opened meanwhile could combine the old file with the new log: it is given up unused, and
 * tried again when the rebuild is over.
 */
function connectUnmoved(
  file: string,
  gate: string | undefined,
  open: () => SqliteConnection,
): Connected {
  for (let waitedMs = 0; waitedMs <= REPLACEMENT_TIMEOUT_MS; waitedMs += PAUSE_MS) {
    if (!isGateClosed(gate)) {
      const before = fileNumber(file)
      const connection = open()
      const after = fileNumber(file)
      const isUnmoved = before === undefined || before === after
      if (isUnmoved && !isGateClosed(gate)) return { connection, fileNumber: after }
      connection.close()
    }
    pause(PAUSE_MS)
  }
  throw new TaskVaultError('DATABASE_BUSY', `Could not use ${file}: it is being rebuilt`, {
    hint: 'Try again when the other process has finished.',
  })
}

function isGateClosed(gate: string | undefined): boolean {
  return gate !== undefined && existsSync(gate)
}

function openConnection(file: string, driver: SqliteDriver, readOnly: boolean): SqliteConnection {
  const connection = driver.connect(file, { readOnly })
  try {
    configure(connection, file, readOnly ? READ_ONLY_SETTINGS : SETTINGS)
    if (!readOnly) connection.exec(SYNCHRONOUS.durable)
    // The first read opens the write-ahead log, and tells whether this is a database at all.
    connection.prepare('PRAGMA user_version').get()
    connection.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()
    return connection
  } catch (error) {
    connection.close()
    throw error
  }
}

/** Of two processes that switch a new file to its log, SQLite tells one at once that it is busy. */
function configure(connection: SqliteConnection, file: string, settings: string): void {
  for (let waitedMs = 0; ; waitedMs += PAUSE_MS) {
    try {
      return connection.exec(settings)
    } catch (error) {
      const isBusy = isTaskVaultError(sqliteFailure(error, file), 'DATABASE_BUSY')
      if (!isBusy || waitedMs >= REPLACEMENT_TIMEOUT_MS) throw error
    }
    pause(PAUSE_MS)
  }
}

function fileNumber(file: string): bigint | undefined {
  return statSync(file, { bigint: true, throwIfNoEntry: false })?.ino
}
