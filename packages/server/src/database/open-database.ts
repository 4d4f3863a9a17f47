import { TaskVaultError, isTaskVaultError } from '@taskvault/core'
import { Kysely, sql } from 'kysely'
import type { CompiledQuery, Dialect } from 'kysely'
import { Migrator } from 'kysely/migration'
import { parseDatabaseUrl } from './database-url.ts'
import { migrationsFor } from './migrations.ts'
import { createPostgresDialect } from './postgres-dialect.ts'
import { createPostgresHosts } from './postgres-hosts.ts'
import type { PostgresHosts, PostgresOptions } from './postgres-hosts.ts'
import type { Database, DatabaseKind, Schema } from './schema.ts'
import { createSqliteDialect } from './sqlite-dialect.ts'
import { openSqliteFile } from './sqlite-file.ts'

/** A database whose tables are up to date. */
export interface OpenDatabase extends AsyncDisposable {
  readonly kind: DatabaseKind
  readonly database: Database
  /**
   * The same, for changes that must outlive this process at once, and a loss of power only once
   * something later does. Much cheaper with SQLite; no different with PostgreSQL.
   */
  readonly quick: Database
}

export interface DatabaseOptions extends Partial<PostgresOptions> {
  /** Told of each statement, its values left out of the text. */
  readonly onQuery?: (query: CompiledQuery) => void
}

/**
 * Opens the database at `url` (database-url.ts) and brings its tables up to date. Several servers may
 * do that at once.
 * @throws {TaskVaultError} CONFIG_INVALID; DATABASE_UNAVAILABLE; FORMAT_UNSUPPORTED when a later
 * version made the tables; DATABASE_CORRUPT.
 */
export async function openDatabase(
  url: string,
  { poolSize = 10, patienceMs = 3_000, onQuery }: DatabaseOptions = {},
): Promise<OpenDatabase> {
  const address = parseDatabaseUrl(url)
  const opened =
    address.kind === 'sqlite'
      ? openSqlite(address.file, onQuery)
      : openPostgres(createPostgresHosts(address.addresses, { poolSize, patienceMs }), onQuery)
  try {
    await checkEncoding(opened)
    await migrate(opened)
  } catch (error) {
    await opened[Symbol.asyncDispose]()
    throw error
  }
  return opened
}

type OnQuery = DatabaseOptions['onQuery']

function openSqlite(path: string, onQuery: OnQuery): OpenDatabase {
  const file = openSqliteFile(path)
  return {
    kind: 'sqlite',
    database: createDatabase(createSqliteDialect(file, 'flushing'), onQuery),
    quick: createDatabase(createSqliteDialect(file, 'quick'), onQuery),
    [Symbol.asyncDispose]: async () => file[Symbol.dispose](),
  }
}

function openPostgres(hosts: PostgresHosts, onQuery: OnQuery): OpenDatabase {
  const database = createDatabase(createPostgresDialect(hosts), onQuery)
  return {
    kind: 'postgres',
    database,
    quick: database,
    [Symbol.asyncDispose]: async () => await hosts[Symbol.asyncDispose](),
  }
}

function createDatabase(dialect: Dialect, onQuery: OnQuery): Database {
  if (onQuery === undefined) return new Kysely<Schema>({ dialect })
  return new Kysely<Schema>({ dialect, log: ({ query }) => onQuery(query) })
}

/** Names are any text; a database that holds less would refuse some of them one day. */
async function checkEncoding({ kind, database }: OpenDatabase): Promise<void> {
  if (kind === 'sqlite') return
  const { rows } = await sql<{ readonly encoding: string }>`
    select current_setting('server_encoding') as encoding`.execute(database)
  const encoding = rows[0]?.encoding
  if (encoding === 'UTF8') return
  throw new TaskVaultError('CONFIG_INVALID', `The database's encoding is ${encoding}, not UTF8`, {
    hint: 'Create it with: createdb --encoding UTF8 --template template0 taskvault',
  })
}

async function migrate({ kind, database }: OpenDatabase): Promise<void> {
  const migrations = migrationsFor(kind)
  const migrator = new Migrator({
    db: database,
    provider: { getMigrations: async () => ({ ...migrations }) },
  })
  const { error } = await migrator.migrateToLatest()
  if (error === undefined) return
  if (isTaskVaultError(error)) throw error
  if (error instanceof Error && /corrupted migrations/.test(error.message)) {
    throw new TaskVaultError('FORMAT_UNSUPPORTED', 'A later version made the tables', {
      hint: 'Upgrade this server, or use another database.',
      cause: error,
    })
  }
  throw error
}
