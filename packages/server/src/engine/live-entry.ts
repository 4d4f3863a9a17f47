import type { Database, DatabaseTransaction } from '../database/schema.ts'
import { ENTRY_COLUMNS } from './entry-rows.ts'
import type { EntryRow } from './entry-rows.ts'

export interface EntryPlace {
  readonly tenantId: string
  readonly scopes: readonly string[]
  readonly namespace: string
  readonly key: string
}

/** The entry that answers for a key in each of these scopes, in no order; expired ones are among them. */
export async function findLiveEntries(
  database: Database | DatabaseTransaction,
  { tenantId, scopes, namespace, key }: EntryPlace,
): Promise<readonly EntryRow[]> {
  if (scopes.length === 0) return []
  return await database
    .selectFrom('entries')
    .select(ENTRY_COLUMNS)
    .where('tenant_id', '=', tenantId)
    .where('scope', 'in', scopes)
    .where('namespace', '=', namespace)
    .where('key', '=', key)
    // Spelt out, as the index that holds live entries alone spells it.
    .where('state', '=', (of) => of.lit(0))
    .execute()
}
