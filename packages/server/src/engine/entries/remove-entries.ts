import { sql } from 'kysely'
import { ENTRY_STATES } from '../../database/engine-tables.ts'
import type { DatabaseTransaction } from '../../database/schema.ts'
import { atLeast } from '../blobs/blob-rows.ts'
import { changeScope } from '../scopes.ts'
import type { ScopePlace } from '../scopes.ts'

export interface Removal {
  readonly place: ScopePlace
  readonly ids: readonly string[]
  readonly nowMs: number
  /** Blobs that nothing needs any more stay that long: somebody may have just been told of them. */
  readonly leaseMs: number
  readonly isEviction?: boolean
}

/**
 * Takes entries of one scope away, live or quarantined; the scope is held already. Their rows stay for a
 * while, so that what came of them is still known to have; their blobs are free. At most 500 at once.
 */
export async function removeEntries(
  transaction: DatabaseTransaction,
  removal: Removal,
): Promise<{ readonly freedBytes: number }> {
  const { place, ids, nowMs, isEviction = false } = removal
  if (ids.length === 0) return { freedBytes: 0 }
  const live = await transaction
    .selectFrom('entries')
    .select((of) => [
      of.fn.countAll<number>().as('entries'),
      of.fn.coalesce(of.fn.sum<number>('size_bytes'), sql<number>`0`).as('bytes'),
    ])
    .where('id', 'in', ids)
    .where('state', '=', ENTRY_STATES.LIVE)
    .executeTakeFirstOrThrow()
  await transaction
    .updateTable('entries')
    .set({ state: REMOVED_STATE, state_at: nowMs })
    .where('id', 'in', ids)
    .execute()
  const freedBytes = await releaseBlobs(transaction, removal)
  await changeScope(transaction, place, {
    used_bytes: -freedBytes,
    entries: -live.entries,
    entry_bytes: -live.bytes,
    evictions: isEviction ? live.entries : 0,
  })
  return { freedBytes }
}

const REMOVED_STATE = sql<number>`case when state = ${sql.lit(ENTRY_STATES.QUARANTINED)}
  then ${sql.lit(ENTRY_STATES.REMOVED_BAD)} else ${sql.lit(ENTRY_STATES.REMOVED)} end`

/** @returns bytes of the scope's own blobs that none of its entries needs any more. */
async function releaseBlobs(
  transaction: DatabaseTransaction,
  { place, ids, nowMs, leaseMs }: Removal,
): Promise<number> {
  const needed = transaction
    .selectFrom('entry_blobs')
    .select('object_key')
    .where('entry_id', 'in', ids)
  const uses = sql<number>`(select count(*) from entry_blobs
    where entry_blobs.object_key = blobs.object_key and entry_id in (${sql.join(ids)}))`
  const kept_until = atLeast(nowMs + leaseMs)

  await transaction
    .updateTable('blobs')
    .set({ refs: sql<number>`refs - ${uses}`, kept_until })
    .where('object_key', 'in', needed)
    .where('tenant_id', '=', place.tenantId)
    .where('scope', '=', place.name)
    .execute()
  await transaction
    .updateTable('blobs')
    .set({ borrowed: sql<number>`borrowed - ${uses}`, kept_until })
    .where('object_key', 'in', needed)
    .where('scope', '!=', place.name)
    .execute()
  const freed = await transaction
    .updateTable('blobs')
    .set({ is_counted: 0 })
    .where('object_key', 'in', needed)
    .where('scope', '=', place.name)
    .where('refs', '=', 0)
    .where('is_counted', '=', 1)
    .returning('size_bytes')
    .execute()
  await transaction.deleteFrom('entry_blobs').where('entry_id', 'in', ids).execute()
  return freed.reduce((sum, row) => sum + row.size_bytes, 0)
}
