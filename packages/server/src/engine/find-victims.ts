import { ENTRY_STATES } from '../database/engine-tables.ts'
import type { Database, DatabaseTransaction } from '../database/schema.ts'
import type { ScopePlace } from './scopes.ts'
import type { TenantPolicy } from './tenants.ts'

export interface Victim {
  readonly id: string
  readonly because: 'expired' | TenantPolicy['strategy']
}

export interface VictimSearch {
  readonly strategy: TenantPolicy['strategy']
  readonly nowMs: number
  readonly limit: number
}

/** The entries of a scope that go next: the longest expired ones, then those that the strategy names. */
export async function findVictims(
  database: Database | DatabaseTransaction,
  place: ScopePlace,
  { strategy, nowMs, limit }: VictimSearch,
): Promise<readonly Victim[]> {
  const expired = await liveEntries(database, place)
    .where('expires_at', 'is not', null)
    .where('expires_at', '<=', nowMs)
    .orderBy('expires_at')
    .limit(limit)
    .execute()
  if (expired.length > 0) return expired.map(({ id }) => ({ id, because: 'expired' }))
  const entries = liveEntries(database, place).limit(limit)
  const ordered = {
    lru: () => entries.orderBy('accessed_at'),
    lfu: () => entries.orderBy('hits').orderBy('accessed_at'),
    fifo: () => entries.orderBy('id'),
  }[strategy]()
  const rows = await ordered.execute()
  return rows.map(({ id }) => ({ id, because: strategy }))
}

function liveEntries(database: Database | DatabaseTransaction, { tenantId, name }: ScopePlace) {
  return database
    .selectFrom('entries')
    .select('id')
    .where('tenant_id', '=', tenantId)
    .where('scope', '=', name)
    .where('state', '=', (of) => of.lit(ENTRY_STATES.LIVE))
}
