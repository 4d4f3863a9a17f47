import {
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  SelectQueryNode,
} from 'kysely'
import type { CompiledQuery, DatabaseConnection, Dialect, Driver, QueryResult } from 'kysely'
import type { PoolClient, QueryConfig } from 'pg'
import { asPostgresFailure } from './database-failure.ts'
import type { PostgresHosts } from './postgres-hosts.ts'
import { createStatementNames } from './statement-names.ts'
import type { StatementNames } from './statement-names.ts'

/** Kysely over PostgreSQL. Whoever made the hosts closes them. */
export function createPostgresDialect(hosts: PostgresHosts): Dialect {
  return {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => createDriver(hosts),
    createIntrospector: (database) => new PostgresIntrospector(database),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  }
}

/**
 * A connection dies with its first failure of its own: what follows in the same transaction must not
 * run on another one, where it would be committed piece by piece.
 */
interface Held extends DatabaseConnection {
  client: PoolClient
  isBroken: boolean
  isInTransaction: boolean
}

function createDriver(hosts: PostgresHosts): Driver {
  const names = createStatementNames()
  return {
    init: async () => {},
    acquireConnection: async () => createHeld(hosts, names, await hosts.connect()),
    async releaseConnection(connection) {
      const held = connection as Held
      held.client.release(held.isBroken)
    },
    async beginTransaction(connection) {
      const held = connection as Held
      // One that broke while it lay idle is found out here, where another one will do.
      await query(held, { text: 'begin' }).catch(async (error: unknown) => {
        if (!held.isBroken) throw error
        await replace(held, hosts)
        await query(held, { text: 'begin' })
      })
      held.isInTransaction = true
    },
    async commitTransaction(connection) {
      await query(connection as Held, { text: 'commit' })
    },
    async rollbackTransaction(connection) {
      const held = connection as Held
      // A broken connection has rolled back; and its failure must not hide the first one.
      if (!held.isBroken) await query(held, { text: 'rollback' }).catch(() => {})
    },
    destroy: async () => {},
  }
}

function createHeld(hosts: PostgresHosts, names: StatementNames, client: PoolClient): Held {
  return {
    client,
    isBroken: false,
    isInTransaction: false,
    async executeQuery<Row>(compiled: CompiledQuery): Promise<QueryResult<Row>> {
      const name = names.nameOf(compiled.sql)
      const statement = { name, text: compiled.sql, values: [...compiled.parameters] }
      try {
        return await query<Row>(this, statement)
      } catch (error) {
        const mayRepeat = SelectQueryNode.is(compiled.query) && !this.isInTransaction
        if (!this.isBroken || !mayRepeat) throw error
        await replace(this, hosts)
        return await query<Row>(this, statement)
      }
    },
    streamQuery() {
      throw new Error('Rows are not streamed: ask for pages')
    },
  }
}

async function replace(held: Held, hosts: PostgresHosts): Promise<void> {
  const client = await hosts.connect()
  held.client.release(true)
  held.client = client
  held.isBroken = false
}

interface Statement {
  readonly text: string
  readonly name?: string | undefined
  readonly values?: unknown[]
}

async function query<Row>(held: Held, statement: Statement): Promise<QueryResult<Row>> {
  try {
    const { rows, rowCount } = await held.client.query(statement as QueryConfig)
    return { rows, numAffectedRows: BigInt(rowCount ?? 0) }
  } catch (error) {
    const failure = asPostgresFailure(error)
    held.isBroken ||= isTaskVaultUnavailable(failure)
    throw failure
  }
}

function isTaskVaultUnavailable(failure: unknown): boolean {
  return (failure as { code?: unknown }).code === 'DATABASE_UNAVAILABLE'
}
