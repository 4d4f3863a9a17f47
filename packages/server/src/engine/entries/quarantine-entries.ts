import { TaskVaultError } from '@taskvault/core'
import type { AuditEvent } from '@taskvault/core'
import { appendAudit } from '../../database/audit.ts'
import { ENTRY_STATES } from '../../database/engine-tables.ts'
import { inTransaction } from '../../database/in-transaction.ts'
import type { DatabaseTransaction } from '../../database/schema.ts'
import { authorize } from '../../trust/model/roles.ts'
import type { Principal } from '../../trust/principal.ts'
import type { EngineContext } from '../engine-context.ts'
import { changeScope } from '../scopes.ts'
import { visibleScopes } from '../visible-scopes.ts'

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
    const request: AuditEvent = { kind: 'QUARANTINE', operation: 'request', fields }
    await appendAudit(transaction, { tenantId, events: [request], nowMs })
    const found = await quarantineAll(transaction, { tenantId, id, nowMs })
    await uncount(transaction, tenantId, found)
    const ids = found.map((entry) => entry.id).toSorted()
    await appendAudit(transaction, { tenantId, events: linesOf(ids, id), nowMs })
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

const AT_ONCE = 500
const NOT_YET = [ENTRY_STATES.LIVE, ENTRY_STATES.REMOVED]

interface Source {
  readonly tenantId: string
  readonly id: string
  readonly nowMs: number
}

interface FoundEntry {
  readonly id: string
  readonly scope: string
  readonly size_bytes: number
  readonly state: number
}

/** The entry itself and all that descend from it, however far, that were not quarantined yet: as they were. */
async function quarantineAll(
  transaction: DatabaseTransaction,
  { tenantId, id, nowMs }: Source,
): Promise<readonly FoundEntry[]> {
  const ids = [id, ...(await findMadeFrom(transaction, id))]
  const found: FoundEntry[] = []
  for (let at = 0; at < ids.length; at += AT_ONCE) {
    const part = ids.slice(at, at + AT_ONCE)
    const rows = await transaction
      .selectFrom('entries')
      .select(['id', 'scope', 'size_bytes', 'state'])
      .where('id', 'in', part)
      .where('tenant_id', '=', tenantId)
      .where('state', 'in', NOT_YET)
      .execute()
    await transaction
      .updateTable('entries')
      .set({ state: ENTRY_STATES.QUARANTINED, state_at: nowMs })
      .where('id', 'in', part)
      .where('tenant_id', '=', tenantId)
      .where('state', 'in', NOT_YET)
      .execute()
    found.push(...rows)
  }
  return found
}

/** Ids of everything that descends from an entry. The database walks from one to the next by an index. */
async function findMadeFrom(
  transaction: DatabaseTransaction,
  id: string,
): Promise<readonly string[]> {
  const rows = await transaction
    .withRecursive('made(id)', (of) =>
      of
        .selectFrom('entry_restores')
        .select('entry_id as id')
        .where('restored_id', '=', id)
        .union(
          of
            .selectFrom('entry_restores')
            .innerJoin('made', 'made.id', 'entry_restores.restored_id')
            .select('entry_restores.entry_id as id'),
        ),
    )
    .selectFrom('made')
    .select('id')
    .execute()
  return rows.map((row) => row.id)
}

/** Quarantined entries are none of a scope's any more; their blobs stay, and count. */
async function uncount(
  transaction: DatabaseTransaction,
  tenantId: string,
  found: readonly FoundEntry[],
): Promise<void> {
  const live = found.filter(({ state }) => state === ENTRY_STATES.LIVE)
  const byScope = Map.groupBy(live, ({ scope }) => scope)
  for (const name of [...byScope.keys()].toSorted()) {
    const entries = byScope.get(name) ?? []
    const bytes = entries.reduce((sum, entry) => sum + entry.size_bytes, 0)
    const change = { entries: -entries.length, entry_bytes: -bytes }
    await changeScope(transaction, { tenantId, name }, change)
  }
}

const IDS_OF_A_LINE = 50

/** Every id is in one of them: a hundred thousand lines would keep everybody waiting. */
function linesOf(ids: readonly string[], because_of: string): readonly AuditEvent[] {
  const events: AuditEvent[] = []
  for (let at = 0; at < ids.length; at += IDS_OF_A_LINE) {
    const entries = ids.slice(at, at + IDS_OF_A_LINE).join(',')
    events.push({ kind: 'QUARANTINE', operation: 'entries', fields: { because_of, entries } })
  }
  return events
}
