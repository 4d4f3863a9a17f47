import { TaskVaultError, isTaskVaultError } from '@taskvault/core'
import { Kysely, sql } from 'kysely'
import { Migrator } from 'kysely/migration'
import { parseDatabaseUrl } from './database-url.ts'
import { migrationsFor } from './migrations.ts'
import { createPostgresDialect } from './postgres-dialect.ts'
import { createPostgresHosts } from './postgres-hosts.ts'
import type { PostgresOptions } from './postgres-hosts.ts'
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

export type DatabaseOptions = Partial<PostgresOptions>

/**
 * Opens the database at `url` (database-url.ts) and brings its tables up to date. Several servers may
 * do that at once.
 * @throws {TaskVaultError} CONFIG_INVALID; DATABASE_UNAVAILABLE; FORMAT_UNSUPPORTED when a later
 * version made the tables; DATABASE_CORRUPT.
 */
export async function openDatabase(
  url: string,
  { poolSize = 10, patienceMs = 3_000 }: DatabaseOptions = {},
): Promise<OpenDatabase> {
  const address = parseDatabaseUrl(url)
  const opened =
    address.kind === 'sqlite'
      ? openSqlite(address.file)
      : openPostgres(address.addresses, { poolSize, patienceMs })
  try {
    await checkEncoding(opened)
    await migrate(opened)
  } catch (error) {
    await opened[Symbol.asyncDispose]()
    throw error
  }
  return opened
}

function openSqlite(path: string): OpenDatabase {
  const file = openSqliteFile(path)
  return {
    kind: 'sqlite',
    database: new Kysely<Schema>({ dialect: createSqliteDialect(file, 'flushing') }),
    quick: new Kysely<Schema>({ dialect: createSqliteDialect(file, 'quick') }),
    [Symbol.asyncDispose]: async () => file[Symbol.dispose](),
  }
}

function openPostgres(addresses: readonly string[], options: PostgresOptions): OpenDatabase {
  const hosts = createPostgresHosts(addresses, options)
  const database = new Kysely<Schema>({ dialect: createPostgresDialect(hosts) })
  return {
    kind: 'postgres',
    database,
    quick: database,
    [Symbol.asyncDispose]: async () => await hosts[Symbol.asyncDispose](),
  }
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
