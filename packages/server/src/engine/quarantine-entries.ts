import { TaskVaultError } from '@taskvault/core'
import type { AuditEvent } from '@taskvault/core'
import { appendAudit } from '../database/audit.ts'
import { ENTRY_STATES } from '../database/engine-tables.ts'
import { inTransaction } from '../database/in-transaction.ts'
import type { DatabaseTransaction } from '../database/schema.ts'
import { authorize } from '../trust/model/roles.ts'
import type { Principal } from '../trust/principal.ts'
import type { EngineContext } from './engine-context.ts'
import { inChunks } from './in-chunks.ts'
import { changeScope } from './scopes.ts'
import { visibleScopes } from './visible-scopes.ts'

/** As `Engine.quarantine`: the entry, what was made from it, what was made from that, and so on. */
export async function quarantineEntries(
  { database, now }: EngineContext,
  who: Principal,
  { id, because }: { readonly id: string; readonly because: string },
): Promise<readonly string[]> {
  authorize(who, 'entries:quarantine')
  const { tenantId, writer } = who
  return await inTransaction(database, async (transaction) => {
    if (!(await isThere(transaction, who, id))) {
      throw new TaskVaultError('NOT_FOUND', `There is no entry ${id}`)
    }
    const nowMs = now()
    const by = `${writer.issuer} ${writer.subject}`
    const fields = { entry: id, because, by }
    // First: this keeps everybody from publishing what restored one of them while they are looked for.
    const start: AuditEvent = { kind: 'QUARANTINE', operation: 'request', fields }
    await appendAudit(transaction, { tenantId, events: [start], nowMs })
    const ids = await findMadeFrom(transaction, { tenantId, id })
    await uncount(transaction, { tenantId, ids })
    await inChunks(ids, async (part) => {
      await transaction
        .updateTable('entries')
        .set({ state: ENTRY_STATES.QUARANTINED, state_at: nowMs })
        .where('id', 'in', part)
        .execute()
      return []
    })
    const events = ids.map((entry): AuditEvent => {
      return { kind: 'QUARANTINE', operation: 'entry', fields: { entry, because_of: id } }
    })
    await appendAudit(transaction, { tenantId, events, nowMs })
    return ids
  })
}

/** Also one that was removed: what came of it may be there. */
async function isThere(
  transaction: DatabaseTransaction,
  who: Principal,
  id: string,
): Promise<boolean> {
  const row = await transaction
    .selectFrom('entries')
    .select('scope')
    .where('id', '=', id)
    .where('tenant_id', '=', who.tenantId)
    .executeTakeFirst()
  return row !== undefined && (visibleScopes(who)?.includes(row.scope) ?? true)
}

interface Source {
  readonly tenantId: string
  readonly id: string
}

/** The entry itself and all that descend from it, however far, that are not quarantined yet. */
async function findMadeFrom(
  transaction: DatabaseTransaction,
  { tenantId, id }: Source,
): Promise<readonly string[]> {
  const rows = await transaction
    .withRecursive('made(id)', (of) =>
      of
        .selectFrom('entries')
        .select('entries.id')
        .where('entries.id', '=', id)
        .union(
          of
            .selectFrom('entry_restores')
            .innerJoin('made', 'made.id', 'entry_restores.restored_id')
            .select('entry_restores.entry_id as id'),
        ),
    )
    .selectFrom('made')
    .innerJoin('entries', 'entries.id', 'made.id')
    .select('entries.id')
    .where('entries.tenant_id', '=', tenantId)
    .where('entries.state', '!=', ENTRY_STATES.QUARANTINED)
    .orderBy('entries.id')
    .execute()
  return rows.map((row) => row.id)
}

/** Quarantined entries are none of a scope's any more; their blobs stay, and count. */
async function uncount(
  transaction: DatabaseTransaction,
  { tenantId, ids }: { readonly tenantId: string; readonly ids: readonly string[] },
): Promise<void> {
  const left = new Map<string, { entries: number; bytes: number }>()
  for (let at = 0; at < ids.length; at += 500) {
    const rows = await transaction
      .selectFrom('entries')
      .select(['scope', 'size_bytes'])
      .where('id', 'in', ids.slice(at, at + 500))
      .where('state', '=', ENTRY_STATES.LIVE)
      .execute()
    for (const { scope, size_bytes } of rows) {
      const count = left.get(scope) ?? { entries: 0, bytes: 0 }
      left.set(scope, { entries: count.entries + 1, bytes: count.bytes + size_bytes })
    }
  }
  for (const name of [...left.keys()].toSorted()) {
    const { entries, bytes } = left.get(name) ?? { entries: 0, bytes: 0 }
    await changeScope(transaction, { tenantId, name }, { entries: -entries, entry_bytes: -bytes })
  }
}
