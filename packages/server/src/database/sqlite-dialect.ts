import { setTimeout as sleep } from 'node:timers/promises'
import { isTaskVaultError } from '@taskvault/core'
import {
  DialectAdapterBase,
  SelectQueryNode,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import type { CompiledQuery, DatabaseConnection, Dialect, Driver, QueryResult } from 'kysely'
import type { SqliteConnection, SqliteDurability, SqliteFile } from './sqlite-file.ts'

const PATIENCE_MS = 10_000
const PAUSE_MS = 10

/** Kysely over one file. Whoever opened the file closes it. */
export function createSqliteDialect(file: SqliteFile, durability: SqliteDurability): Dialect {
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => createDriver(file, durability),
    createIntrospector: (database) => new SqliteIntrospector(database),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  }
}

class SqliteAdapter extends DialectAdapterBase {
  override get supportsTransactionalDdl(): boolean {
    return true
  }
  override get supportsReturning(): boolean {
    return true
  }
  // Tables change within one transaction, which is alone in the file as any other is.
  override async acquireMigrationLock(): Promise<void> {}
  override async releaseMigrationLock(): Promise<void> {}
}

/** Reads at once; takes the lock for a single change, or for the whole of a transaction. */
interface Turn extends DatabaseConnection {
  release: (() => void) | undefined
}

function createDriver(file: SqliteFile, durability: SqliteDurability): Driver {
  const writer = file.writers[durability]
  return {
    init: async () => {},
    acquireConnection: async () => createTurn(file, writer),
    releaseConnection: async (connection) => release(connection),
    async beginTransaction(connection) {
      const turn = connection as Turn
      turn.release = await file.lock.take()
      await whenFree(() => writer.run('begin immediate', []))
    },
    async commitTransaction(connection) {
      writer.run('commit', [])
      release(connection)
    },
    async rollbackTransaction(connection) {
      // What SQLite has rolled back by itself (a full disk) is over; the first failure is the one to tell.
      if (writer.isInTransaction()) writer.run('rollback', [])
      release(connection)
    },
    destroy: async () => {},
  }
}

/** Another process may write to the file just now: asks again, and lets this one go on meanwhile. */
async function whenFree<Result>(attempt: () => Result): Promise<Result> {
  const endMs = performance.now() + PATIENCE_MS
  for (;;) {
    try {
      return attempt()
    } catch (error) {
      if (!isTaskVaultError(error, 'DATABASE_BUSY') || performance.now() > endMs) throw error
    }
    await sleep(PAUSE_MS)
  }
}

function release(connection: DatabaseConnection): void {
  const turn = connection as Turn
  turn.release?.()
  turn.release = undefined
}

function createTurn(file: SqliteFile, writer: SqliteConnection): Turn {
  return {
    release: undefined,
    async executeQuery<Row>({ sql, parameters, query }: CompiledQuery): Promise<QueryResult<Row>> {
      if (this.release !== undefined) return writer.run<Row>(sql, parameters)
      if (SelectQueryNode.is(query)) return file.reader.run<Row>(sql, parameters)
      const end = await file.lock.take()
      try {
        return await whenFree(() => writer.run<Row>(sql, parameters))
      } finally {
        end()
      }
    },
    streamQuery() {
      throw new Error('Rows are not streamed: ask for pages')
    },
  }
}
