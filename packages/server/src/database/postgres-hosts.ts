import { setTimeout as sleep } from 'node:timers/promises'
import { TaskVaultError } from '@taskvault/core'
import pg from 'pg'
import type { Pool, PoolClient } from 'pg'
import { asPostgresFailure } from './database-failure.ts'
import { readPostgresValue } from './postgres-values.ts'

/** Hands out connections to whichever host takes writes. */
export interface PostgresHosts extends AsyncDisposable {
  /** Tries each host in turn, for a few seconds in all. DATABASE_UNAVAILABLE when none will. */
  connect(): Promise<PoolClient>
}

export interface PostgresOptions {
  /** Connections to each host. */
  readonly poolSize: number
  /** For how long a host that goes down may take to be back, or another one to take over. */
  readonly patienceMs: number
}

const CONNECT_TIMEOUT_MS = 2_000
const STATEMENT_TIMEOUT_MS = 30_000
const PAUSE_MS = 100

export function createPostgresHosts(
  addresses: readonly string[],
  { poolSize, patienceMs }: PostgresOptions,
): PostgresHosts {
  const pools = addresses.map((address) => createPool(address, poolSize))
  // The host that answered last is asked first.
  let favourite = 0

  const tryAll = async (): Promise<PoolClient | TaskVaultError> => {
    let failure: TaskVaultError | undefined
    for (const step of pools.keys()) {
      const at = (favourite + step) % pools.length
      const answer = await tryPool(pools[at] as Pool, pools.length > 1)
      if (!(answer instanceof TaskVaultError)) {
        favourite = at
        return answer
      }
      failure ??= answer
    }
    return failure ?? new TaskVaultError('DATABASE_UNAVAILABLE', 'No host was named')
  }
  return {
    async connect() {
      const endMs = performance.now() + patienceMs
      for (;;) {
        const answer = await tryAll()
        if (!(answer instanceof TaskVaultError)) return answer
        if (performance.now() > endMs || isRefusal(answer)) throw answer
        await sleep(PAUSE_MS)
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(pools.map((pool) => pool.end()))
    },
  }
}

function createPool(address: string, poolSize: number): Pool {
  const pool = new pg.Pool({
    connectionString: address,
    max: poolSize,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS,
    application_name: 'taskvault',
    keepAlive: true,
    types: { getTypeParser: readPostgresValue },
  })
  // A connection that breaks is replaced when it is needed; whoever used it just then is told anyway.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  return pool
}

async function tryPool(pool: Pool, isOneOfSeveral: boolean): Promise<PoolClient | TaskVaultError> {
  try {
    const client = await pool.connect()
    if (!isOneOfSeveral || WRITABLE.has(client) || (await takesWrites(client))) return client
    client.release(true)
    return new TaskVaultError('DATABASE_UNAVAILABLE', 'No host of the database takes writes')
  } catch (error) {
    const failure = asPostgresFailure(error)
    if (failure instanceof TaskVaultError) return failure
    throw failure
  }
}

/** Asked once of each connection: one whose host is demoted later is refused its writes, and dropped. */
const WRITABLE = new WeakSet<PoolClient>()

async function takesWrites(client: PoolClient): Promise<boolean> {
  try {
    const { rows } = await client.query<{ readonly isStandby: boolean }>(
      'select pg_is_in_recovery() as "isStandby"',
    )
    const isWritable = rows[0]?.isStandby === false
    if (isWritable) WRITABLE.add(client)
    return isWritable
  } catch (error) {
    client.release(true)
    throw error
  }
}

/** A wrong password does not become right by waiting. */
function isRefusal(failure: TaskVaultError): boolean {
  const { code } = (failure.cause ?? {}) as { readonly code?: unknown }
  return typeof code === 'string' && (code.startsWith('28') || code === '3D000')
}
