import { appendAudit } from '../database/audit.ts'
import { inTransaction } from '../database/in-transaction.ts'
import type { DatabaseTransaction } from '../database/schema.ts'
import type { EngineContext } from './engine-context.ts'
import { changeScope } from './scopes.ts'
import type { ScopePlace } from './scopes.ts'

/**
 * Lets nothing count of a scope that no entry needs: places for uploads, which are thereby given up, and
 * blobs that were sent and not published, which count again once they are. Both stay until their time
 * is over, as what somebody may just be writing or reading. Gives the bytes.
 */
export async function uncountPending(
  { database, now }: EngineContext,
  place: ScopePlace,
): Promise<number> {
  return await inTransaction(database, async (transaction) => {
    await changeScope(transaction, place, {})
    const bytes =
      (await giveUpPlaces(transaction, place)) + (await uncountBlobs(transaction, place))
    if (bytes === 0) return 0
    await changeScope(transaction, place, { used_bytes: -bytes })
    const fields = { scope: place.name, because: 'pending', bytes }
    const event = { kind: 'EVICT', operation: 'make_room', fields } as const
    await appendAudit(transaction, { tenantId: place.tenantId, events: [event], nowMs: now() })
    return bytes
  })
}

async function giveUpPlaces(
  transaction: DatabaseTransaction,
  { tenantId, name }: ScopePlace,
): Promise<number> {
  const rows = await transaction
    .updateTable('loose_objects')
    .set({ is_counted: 0 })
    .where('tenant_id', '=', tenantId)
    .where('scope', '=', name)
    .where('is_counted', '=', 1)
    .returning('size_bytes')
    .execute()
  return sum(rows)
}

async function uncountBlobs(
  transaction: DatabaseTransaction,
  { tenantId, name }: ScopePlace,
): Promise<number> {
  const rows = await transaction
    .updateTable('blobs')
    .set({ is_counted: 0 })
    .where('tenant_id', '=', tenantId)
    .where('scope', '=', name)
    .where('refs', '=', 0)
    .where('is_counted', '=', 1)
    .returning('size_bytes')
    .execute()
  return sum(rows)
}

function sum(rows: readonly { readonly size_bytes: number }[]): number {
  return rows.reduce((bytes, row) => bytes + row.size_bytes, 0)
}
