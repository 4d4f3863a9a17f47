import { TaskVaultError } from '@taskvault/core'
import type { AuditEvent } from '@taskvault/core'
import { sql } from 'kysely'
import { appendAudit } from '../../database/audit.ts'
import { ENTRY_STATES } from '../../database/engine-tables.ts'
import { inTransaction } from '../../database/in-transaction.ts'
import type { DatabaseTransaction } from '../../database/schema.ts'
import type { Principal, Scope } from '../../trust/principal.ts'
import { claimBlobs } from '../blobs/claim-blobs.ts'
import type { EngineContext } from '../engine-context.ts'
import type { NewEntry, Publication, StoredEntry } from '../engine.ts'
import { changeOwnScope, changeScope } from '../scopes.ts'
import { readableScopes, scopeToWrite } from '../visible-scopes.ts'
import { checkEntry } from './check-entry.ts'
import { readEntry, writeEntry } from './entry-rows.ts'
import type { EntryRow } from './entry-rows.ts'
import { findLiveEntries } from './live-entry.ts'
import { removeEntries } from './remove-entries.ts'

/** As `Engine.publish`. */
export async function publishEntry(
  context: EngineContext,
  who: Principal,
  draft: NewEntry,
): Promise<Publication> {
  const scope = scopeToWrite(who, 'entries:publish')
  checkEntry(draft)
  checkSession(who, context.now())
  const entry = await completeEntry(context, who, { draft, scope })
  return await inTransaction(context.database, async (transaction) => {
    await changeOwnScope(transaction, { tenantId: who.tenantId, scope }, {})
    const known = await findStanding(context, transaction, { who, entry })
    if (known !== undefined) return await answerKnown(context, transaction, { who, entry, known })
    const claim = { tenantId: who.tenantId, entry, readable: readableScopes(who) }
    const blobs = await claimBlobs(context, transaction, claim)
    if (blobs.missing.length > 0) return { kind: 'blobs-missing', names: blobs.missing }
    await insertEntry(transaction, { entry, tenantId: who.tenantId, objectKeys: blobs.objectKeys })
    await changeOwnScope(
      transaction,
      { tenantId: who.tenantId, scope },
      { entries: 1, entry_bytes: entry.sizeBytes, saves: 1, used_bytes: blobs.newBytes },
    )
    await appendAudit(transaction, note(context, who, savedLine(entry)))
    const isTainted = await quarantineIfTainted(context, transaction, { who, entry })
    return { kind: 'published', entry: { ...entry, isQuarantined: isTainted } }
  })
}

/** What a session has restored is forgotten with it; nothing may be published as if that were nothing. */
function checkSession({ sessionId, expiresAtMs }: Principal, nowMs: number): void {
  if (sessionId === undefined || expiresAtMs === undefined || nowMs < expiresAtMs) return
  throw new TaskVaultError('UNAUTHENTICATED', 'The session is over', {
    hint: 'Open a new one with a new token of the CI system.',
  })
}

async function completeEntry(
  context: EngineContext,
  { tenantId, writer, sessionId }: Principal,
  { draft, scope }: { readonly draft: NewEntry; readonly scope: Scope },
): Promise<StoredEntry> {
  const { ttlMs } = await context.tenants.of(tenantId)
  const nowMs = context.now()
  const restored = sessionId === undefined ? [] : await context.restores.list(sessionId)
  const { namespace, key, blobs, content, details, durationMs, sizeBytes } = draft
  const entry = {
    id: context.nextEntryId(),
    scope: scope.name,
    namespace,
    key,
    blobs: blobs.map(({ name, sizeBytes: size }) => ({ name, sizeBytes: size })),
    content,
    details,
    durationMs,
    sizeBytes,
    expiresAtMs: earlier(draft.expiresAtMs, ttlMs === undefined ? undefined : nowMs + ttlMs),
    createdAtMs: nowMs,
    accessedAtMs: nowMs,
    hits: 0,
    writer,
    restored: restored.toSorted(),
    isQuarantined: false,
  }
  return { ...entry, signature: await context.signEntry(tenantId, entry) }
}

function earlier(left: number | undefined, right: number | undefined): number | undefined {
  if (left === undefined || right === undefined) return left ?? right
  return Math.min(left, right)
}

interface Attempt {
  readonly who: Principal
  readonly entry: StoredEntry
}

/** The entry that has the key in the own scope. An expired one makes way. */
async function findStanding(
  { times, now }: EngineContext,
  transaction: DatabaseTransaction,
  { who: { tenantId }, entry }: Attempt,
): Promise<EntryRow | undefined> {
  const { scope, namespace, key } = entry
  const [row] = await findLiveEntries(transaction, { tenantId, scopes: [scope], namespace, key })
  const nowMs = now()
  if (row === undefined || row.expires_at === null || row.expires_at > nowMs) return row
  const place = { tenantId, name: scope }
  await removeEntries(transaction, { place, ids: [row.id], nowMs, leaseMs: times.leaseMs })
  return undefined
}

/** Write-once. Another content under the same key is worth a look: somebody notes it. */
async function answerKnown(
  context: EngineContext,
  transaction: DatabaseTransaction,
  { who, entry, known }: Attempt & { readonly known: EntryRow },
): Promise<Publication> {
  const isSame = known.content === entry.content
  if (!isSame) {
    const fields = { ...placeFields(entry), entry: known.id }
    const line = { kind: 'ERROR', operation: 'entry_exists', fields } as const
    await appendAudit(transaction, note(context, who, line))
  }
  return { kind: 'known', entry: readEntry(known), isSame }
}

const ROWS_AT_ONCE = 500

async function insertEntry(
  transaction: DatabaseTransaction,
  {
    entry,
    tenantId,
    objectKeys,
  }: {
    readonly entry: StoredEntry
    readonly tenantId: string
    readonly objectKeys: readonly string[]
  },
): Promise<void> {
  await transaction.insertInto('entries').values(writeEntry(entry, tenantId)).execute()
  const needs = objectKeys.map((object_key) => ({ entry_id: entry.id, object_key }))
  for (let at = 0; at < needs.length; at += ROWS_AT_ONCE) {
    await transaction
      .insertInto('entry_blobs')
      .values(needs.slice(at, at + ROWS_AT_ONCE))
      .execute()
  }
  const restores = entry.restored.map((restored_id) => ({ entry_id: entry.id, restored_id }))
  for (let at = 0; at < restores.length; at += ROWS_AT_ONCE) {
    await transaction
      .insertInto('entry_restores')
      .values(restores.slice(at, at + ROWS_AT_ONCE))
      .execute()
  }
}

/**
 * What was restored may have been quarantined since. Asked while the audit log is held, as a quarantine
 * holds it: either it finds this entry among those that came of it, or it is found here.
 */
async function quarantineIfTainted(
  context: EngineContext,
  transaction: DatabaseTransaction,
  { who, entry }: Attempt,
): Promise<boolean> {
  if (entry.restored.length === 0) return false
  const tainted = await transaction
    .selectFrom('entries')
    .innerJoin('entry_restores', 'entry_restores.restored_id', 'entries.id')
    .select('entries.id')
    .where('entry_restores.entry_id', '=', entry.id)
    .where('entries.tenant_id', '=', who.tenantId)
    .where('entries.state', 'in', [ENTRY_STATES.QUARANTINED, ENTRY_STATES.REMOVED_BAD])
    .limit(1)
    .executeTakeFirst()
  if (tainted === undefined) return false
  await transaction
    .updateTable('entries')
    .set({ state: ENTRY_STATES.QUARANTINED, state_at: sql<number>`created_at` })
    .where('id', '=', entry.id)
    .execute()
  const place = { tenantId: who.tenantId, name: entry.scope }
  await changeScope(transaction, place, { entries: -1, entry_bytes: -entry.sizeBytes })
  const fields = { entry: entry.id, restored: tainted.id }
  const line = { kind: 'QUARANTINE', operation: 'made_from', fields } as const
  await appendAudit(transaction, note(context, who, line))
  return true
}

function savedLine(entry: StoredEntry): AuditEvent {
  const fields = { ...placeFields(entry), entry: entry.id, blobs: entry.blobs.length }
  return { kind: 'SAVE', operation: 'publish', fields: { ...fields, content: entry.content } }
}

function placeFields({ scope, namespace, key }: StoredEntry): Record<string, string> {
  return { namespace, name: key, scope }
}

function note(
  { now }: EngineContext,
  { tenantId, writer }: Principal,
  { fields = {}, ...event }: AuditEvent,
): Parameters<typeof appendAudit>[1] {
  const by = { by: `${writer.issuer} ${writer.subject}` }
  return { tenantId, nowMs: now(), events: [{ ...event, fields: { ...fields, ...by } }] }
}
