import { appendAudit } from '../../database/audit.ts'
import { inTransaction } from '../../database/in-transaction.ts'
import type { EngineContext } from '../engine-context.ts'
import { removeEntries } from '../entries/remove-entries.ts'
import { HEALTH_KEY } from '../health.ts'
import { changeScope } from '../scopes.ts'

/** Entries that go in one transaction; whoever asks again finds the rest. */
const AT_ONCE = 500

interface UselessBlob {
  readonly tenantId: string
  readonly scope: string
  readonly objectKey: string
  /** Somebody took the object away behind our back; or it has other bytes than it was given. */
  readonly because: 'lost' | 'damaged'
}

/**
 * Without a sound object, a blob is of no use: the entries that need it go, so that the work is done and saved again. Only
 * where the store of objects shows that it is the right one: the wrong bucket has none of them.
 */
export async function dismissBlob(context: EngineContext, blob: UselessBlob): Promise<void> {
  const { objects, database, now, times, report } = context
  const { tenantId, objectKey, because } = blob
  if ((await objects.head(HEALTH_KEY)) === undefined) return
  // Whoever dies after this leaves a blob that is lost, as the next reader finds.
  if (because === 'damaged') await objects.delete(objectKey)
  else if ((await objects.head(objectKey)) !== undefined) return
  const isNew = await inTransaction(database, async (transaction) => {
    const rows = await transaction
      .selectFrom('entry_blobs')
      .innerJoin('entries', 'entries.id', 'entry_blobs.entry_id')
      .select(['entries.id', 'entries.scope'])
      .where('object_key', '=', objectKey)
      .orderBy('entries.scope')
      .limit(AT_ONCE)
      .execute()
    const nowMs = now()
    for (const { id, scope } of rows) {
      const place = { tenantId, name: scope }
      await changeScope(transaction, place, {})
      await removeEntries(transaction, { place, ids: [id], nowMs, leaseMs: times.leaseMs })
    }
    // What is left of it is collected as any other blob; nobody is told of it any more.
    const isForgotten = await forget(transaction, blob)
    // Many may find it at once; one of them forgets it.
    if (!isForgotten && rows.length < AT_ONCE) return false
    const fields = { object: objectKey, scope: blob.scope, entries: rows.length }
    const event = { kind: 'ERROR', operation: `object_${because}`, fields } as const
    await appendAudit(transaction, { tenantId, events: [event], nowMs })
    return true
  })
  if (isNew) report({ kind: because, tenantId, objectKey })
}

/** @returns whether there was a row of it. */
async function forget(
  transaction: Parameters<typeof changeScope>[0],
  { tenantId, scope, objectKey }: UselessBlob,
): Promise<boolean> {
  const gone = await transaction
    .deleteFrom('blobs')
    .where('object_key', '=', objectKey)
    .where('refs', '=', 0)
    .where('borrowed', '=', 0)
    .returning(['size_bytes', 'is_counted'])
    .executeTakeFirst()
  if (gone?.is_counted === 1)
    await changeScope(transaction, { tenantId, name: scope }, { used_bytes: -gone.size_bytes })
  return gone !== undefined
}
