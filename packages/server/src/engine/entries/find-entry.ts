import { authorize } from '../../trust/model/roles.ts'
import type { Principal } from '../../trust/principal.ts'
import type { EngineContext } from '../engine-context.ts'
import type { StoredEntry } from '../engine.ts'
import { readableScopes } from '../visible-scopes.ts'
import { isPlainText } from './check-entry.ts'
import { readEntry } from './entry-rows.ts'
import type { EntryRow } from './entry-rows.ts'
import { findNewest } from './find-newest.ts'
import { findLiveEntries } from './live-entry.ts'

/** As `Engine.find`: one question to the database, whatever is counted is written later. */
export async function findEntry(
  context: EngineContext,
  who: Principal,
  { namespace, key }: { readonly namespace: string; readonly key: string },
): Promise<StoredEntry | undefined> {
  authorize(who, 'entries:find')
  const scopes = readableScopes(who)
  if (!isPlainText(namespace + key)) return undefined
  const { tenantId } = who
  const rows = await findLiveEntries(context.database, { tenantId, scopes, namespace, key })
  const nowMs = context.now()
  const byScope = new Map(
    rows.filter((row) => isCurrent(row, nowMs)).map((row) => [row.scope, row]),
  )
  const scope = scopes.find((name) => byScope.has(name))
  return await used(context, who, scope === undefined ? undefined : byScope.get(scope))
}

/** As `Engine.findByPrefix`. */
export async function findEntryByPrefix(
  context: EngineContext,
  who: Principal,
  { namespace, prefix }: { readonly namespace: string; readonly prefix: string },
): Promise<StoredEntry | undefined> {
  authorize(who, 'entries:find')
  if (!isPlainText(namespace + prefix)) return undefined
  for (const scope of readableScopes(who)) {
    const place = { tenantId: who.tenantId, scope, namespace, prefix, nowMs: context.now() }
    const row = await findNewest(context.database, place)
    if (row !== undefined) return await used(context, who, row)
  }
  return await used(context, who, undefined)
}

function isCurrent({ expires_at }: EntryRow, nowMs: number): boolean {
  return expires_at === null || expires_at > nowMs
}

/** Counts the lookup. What a session restores is known for good before it is told of it. */
async function used(
  { uses, restores }: EngineContext,
  { tenantId, sessionId, writes, reads }: Principal,
  row: EntryRow | undefined,
): Promise<StoredEntry | undefined> {
  if (row === undefined) {
    const scope = writes ?? reads[0]
    if (scope !== undefined) uses.miss({ tenantId, scope: scope.name })
    return undefined
  }
  if (sessionId !== undefined) await restores.record(sessionId, row.id)
  const entry = readEntry(row)
  const { id: entryId, scope, durationMs } = entry
  uses.hit({ tenantId, scope, entryId, durationMs })
  return entry
}
