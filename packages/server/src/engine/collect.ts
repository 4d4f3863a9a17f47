import { appendAudit } from '../database/audit.ts'
import { ENTRY_STATES } from '../database/engine-tables.ts'
import { inTransaction } from '../database/in-transaction.ts'
import type { DatabaseTransaction } from '../database/schema.ts'
import type { EngineContext } from './engine-context.ts'
import { removeEntries } from './entries/remove-entries.ts'
import { changeScope } from './scopes.ts'

/*
 * What is done beside the requests, in small steps, by any number of servers at once. Nothing here
 * depends on having run before: each step finds its work by asking the database.
 */

export interface Collected {
  readonly entries: number
  readonly objects: number
}

const AT_ONCE = 100

export async function collect(context: EngineContext): Promise<Collected> {
  await context.held.renew(context.now() + context.times.leaseMs)
  const entries = await untilNothing(() => removeOutdated(context))
  await untilNothing(() => releaseUnneeded(context))
  await untilNothing(() => endReservations(context))
  const { removedMs, quarantinedMs } = context.times
  await untilNothing(() =>
    forgetRemoved(context, { state: ENTRY_STATES.REMOVED, keptMs: removedMs }),
  )
  // Jobs that have restored a bad one may still run.
  await untilNothing(() =>
    forgetRemoved(context, { state: ENTRY_STATES.REMOVED_BAD, keptMs: quarantinedMs }),
  )
  const objects = await untilNothing(() => deleteLoose(context))
  if (entries + objects > 0) context.report({ kind: 'collected', objects })
  return { entries, objects }
}

async function untilNothing(step: () => Promise<number>): Promise<number> {
  let total = 0
  for (;;) {
    const count = await step()
    total += count
    if (count === 0) return total
  }
}

/** Entries that have expired, and quarantined ones that were there long enough to be looked at. */
async function removeOutdated({ database, now, times }: EngineContext): Promise<number> {
  const nowMs = now()
  const columns = ['id', 'tenant_id', 'scope'] as const
  const expired = await database
    .selectFrom('entries')
    .select(columns)
    .where('state', '=', (of) => of.lit(ENTRY_STATES.LIVE))
    .where('expires_at', 'is not', null)
    .where('expires_at', '<=', nowMs)
    .limit(AT_ONCE)
    .execute()
  const quarantined = await database
    .selectFrom('entries')
    .select(columns)
    .where('state', '=', (of) => of.lit(ENTRY_STATES.QUARANTINED))
    .where('state_at', '<=', nowMs - times.quarantinedMs)
    .limit(AT_ONCE)
    .execute()
  for (const { id, tenant_id: tenantId, scope } of [...expired, ...quarantined]) {
    await inTransaction(database, async (transaction) => {
      const place = { tenantId, name: scope }
      await changeScope(transaction, place, {})
      const present = await transaction
        .selectFrom('entries')
        .select('state')
        .where('id', '=', id)
        .where('state', 'in', [ENTRY_STATES.LIVE, ENTRY_STATES.QUARANTINED])
        .executeTakeFirst()
      if (present === undefined) return
      const removal = { place, ids: [id], nowMs, leaseMs: times.leaseMs, isEviction: true }
      await removeEntries(transaction, removal)
      const because = present.state === ENTRY_STATES.LIVE ? 'expired' : 'quarantined'
      const fields = { entry: id, scope, because }
      const event = { kind: 'EVICT', operation: 'collect', fields } as const
      await appendAudit(transaction, { tenantId, events: [event], nowMs })
    })
  }
  return expired.length + quarantined.length
}

/** Blobs that no entry needs, and whose lease is over, become objects to be deleted. */
async function releaseUnneeded({ database, now }: EngineContext): Promise<number> {
  const nowMs = now()
  const rows = await database
    .selectFrom('blobs')
    .select(['object_key', 'tenant_id', 'scope'])
    .where('refs', '=', (of) => of.lit(0))
    .where('borrowed', '=', (of) => of.lit(0))
    .where('kept_until', '<=', nowMs)
    .limit(AT_ONCE)
    .execute()
  for (const { object_key, tenant_id: tenantId, scope } of rows) {
    await inTransaction(database, async (transaction) => {
      await changeScope(transaction, { tenantId, name: scope }, {})
      await releaseBlob(transaction, { object_key, nowMs })
    })
  }
  return rows.length
}

/** Asked again by the deletion itself: an entry may have come to need it, or its lease was renewed. */
async function releaseBlob(
  transaction: DatabaseTransaction,
  { object_key, nowMs }: { readonly object_key: string; readonly nowMs: number },
): Promise<void> {
  const gone = await transaction
    .deleteFrom('blobs')
    .where('object_key', '=', object_key)
    .where('refs', '=', 0)
    .where('borrowed', '=', 0)
    .where('kept_until', '<=', nowMs)
    .returning(['tenant_id', 'scope', 'name', 'size_bytes', 'is_counted'])
    .executeTakeFirst()
  if (gone === undefined) return
  const { tenant_id, scope, name, size_bytes, is_counted } = gone
  await transaction
    .insertInto('loose_objects')
    .values({
      object_key,
      tenant_id,
      scope,
      name,
      size_bytes,
      sha256: null,
      is_counted: 0,
      expires_at: 0,
    })
    .execute()
  const place = { tenantId: tenant_id, name: scope }
  if (is_counted === 1) await changeScope(transaction, place, { used_bytes: -size_bytes })
}

/** Uploads that never came to an end give their bytes back to the scope. */
async function endReservations({ database, now }: EngineContext): Promise<number> {
  const nowMs = now()
  const rows = await database
    .selectFrom('loose_objects')
    .select(['object_key', 'tenant_id', 'scope'])
    .where('expires_at', '<=', nowMs)
    .where('is_counted', '=', 1)
    .limit(AT_ONCE)
    .execute()
  for (const { object_key, tenant_id: tenantId, scope } of rows) {
    await inTransaction(database, async (transaction) => {
      const place = { tenantId, name: scope }
      await changeScope(transaction, place, {})
      const ended = await transaction
        .updateTable('loose_objects')
        .set({ is_counted: 0, expires_at: 0 })
        .where('object_key', '=', object_key)
        .where('expires_at', '<=', nowMs)
        .where('is_counted', '=', 1)
        .returning('size_bytes')
        .executeTakeFirst()
      await changeScope(transaction, place, { used_bytes: -(ended?.size_bytes ?? 0) })
    })
  }
  return rows.length
}

/**
 * The object first, its row after it: who dies in between leaves the row, and it is done once more. One that
 * cannot be deleted keeps no other from it, and is told of once the others are gone.
 */
async function deleteLoose({ database, objects, now }: EngineContext): Promise<number> {
  const rows = await database
    .selectFrom('loose_objects')
    .select('object_key')
    .where('expires_at', '<=', now())
    .where('is_counted', '=', 0)
    .limit(AT_ONCE)
    .execute()
  const deletions = await Promise.allSettled(
    rows.map(async ({ object_key: key }) => {
      await objects.delete(key)
      return key
    }),
  )
  const keys = deletions.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
  if (keys.length > 0) {
    await database
      .deleteFrom('loose_objects')
      .where('object_key', 'in', keys)
      .where('is_counted', '=', 0)
      .execute()
    return keys.length
  }
  for (const each of deletions) if (each.status === 'rejected') throw each.reason
  return 0
}

/** Entries that were removed, once nothing that is remembered was made from them. */
async function forgetRemoved(
  { database, now }: EngineContext,
  { state, keptMs }: { readonly state: number; readonly keptMs: number },
): Promise<number> {
  const rows = await database
    .selectFrom('entries')
    .select('id')
    .where('state', '=', (of) => of.lit(state))
    .where('state_at', '<=', now() - keptMs)
    .where((of) =>
      of.not(
        of.exists(
          of
            .selectFrom('entry_restores')
            .select('entry_id')
            .whereRef('entry_restores.restored_id', '=', 'entries.id'),
        ),
      ),
    )
    .limit(AT_ONCE)
    .execute()
  const ids = rows.map(({ id }) => id)
  if (ids.length > 0) await database.deleteFrom('entries').where('id', 'in', ids).execute()
  return ids.length
}
