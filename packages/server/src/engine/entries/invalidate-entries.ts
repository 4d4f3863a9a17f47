import type { AuditEvent } from '@taskvault/core'
import { appendAudit } from '../../database/audit.ts'
import { ENTRY_STATES } from '../../database/engine-tables.ts'
import { inTransaction } from '../../database/in-transaction.ts'
import { authorize } from '../../trust/model/roles.ts'
import type { Principal } from '../../trust/principal.ts'
import type { EngineContext } from '../engine-context.ts'
import type { EntrySelection, StoredEntry } from '../engine.ts'
import { changeScope } from '../scopes.ts'
import { findVisible, listEntries } from './list-entries.ts'
import { removeEntries } from './remove-entries.ts'

/** As `Engine.remove`. */
export async function removeEntry(
  context: EngineContext,
  who: Principal,
  id: string,
): Promise<boolean> {
  authorize(who, 'entries:remove')
  const [row] = await findVisible(context.database, who, [id])
  if (row === undefined) return false
  return (await takeAway(context, who, { entries: [row], operation: 'remove' })) > 0
}

const AT_ONCE = 200

/** As `Engine.invalidate`: in steps, so that others get their turns in between. */
export async function invalidateEntries(
  context: EngineContext,
  who: Principal,
  selection: Omit<EntrySelection, 'limit' | 'after'>,
): Promise<number> {
  authorize(who, 'entries:invalidate')
  let count = 0
  let after: string | undefined
  for (;;) {
    const page = await listEntries(context, who, { ...selection, limit: AT_ONCE, after })
    after = page.at(-1)?.id
    if (after === undefined) return count
    // Quarantined entries are kept to be looked at.
    const entries = page.filter(({ isQuarantined }) => !isQuarantined)
    count += await takeAway(context, who, { entries, operation: 'invalidate' })
  }
}

interface Taking {
  readonly entries: readonly Pick<StoredEntry, 'id' | 'scope' | 'namespace' | 'key'>[]
  readonly operation: 'remove' | 'invalidate'
}

async function takeAway(
  { database, now, times }: EngineContext,
  { tenantId, writer }: Principal,
  { entries, operation }: Taking,
): Promise<number> {
  const scopes = [...new Set(entries.map(({ scope }) => scope))].toSorted()
  return await inTransaction(database, async (transaction) => {
    const nowMs = now()
    const gone: Taking['entries'][number][] = []
    for (const name of scopes) {
      const place = { tenantId, name }
      await changeScope(transaction, place, {})
      const wanted = entries.filter(({ scope }) => scope === name)
      // Somebody else may have been quicker.
      const present = await transaction
        .selectFrom('entries')
        .select('id')
        .where(
          'id',
          'in',
          wanted.map(({ id }) => id),
        )
        .where('state', 'in', [ENTRY_STATES.LIVE, ENTRY_STATES.QUARANTINED])
        .execute()
      const ids = present.map(({ id }) => id)
      await removeEntries(transaction, { place, ids, nowMs, leaseMs: times.leaseMs })
      gone.push(...wanted.filter(({ id }) => ids.includes(id)))
    }
    const by = `${writer.issuer} ${writer.subject}`
    const events = gone.map(({ id, scope, namespace, key }): AuditEvent => {
      return {
        kind: 'INVALIDATE',
        operation,
        fields: { entry: id, namespace, name: key, scope, by },
      }
    })
    await appendAudit(transaction, { tenantId, events, nowMs })
    return gone.length
  })
}
