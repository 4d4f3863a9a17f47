import { sql } from 'kysely'
import { ENTRY_STATES } from '../../database/engine-tables.ts'
import type { Database } from '../../database/schema.ts'
import { authorize } from '../../trust/model/roles.ts'
import type { Principal } from '../../trust/principal.ts'
import type { EngineContext } from '../engine-context.ts'
import type { EntrySelection, StoredEntry } from '../engine.ts'
import { inChunks } from '../in-chunks.ts'
import { visibleScopes } from '../visible-scopes.ts'
import { ENTRY_COLUMNS, readEntry } from './entry-rows.ts'
import type { EntryRow } from './entry-rows.ts'
import { endOfPrefix } from './find-newest.ts'

const LONGEST_PAGE = 1_000

/** As `Engine.list`. Quarantined entries are among them, and say so. Large entries make a page shorter. */
export async function listEntries(
  { database }: EngineContext,
  who: Principal,
  selection: EntrySelection,
): Promise<readonly StoredEntry[]> {
  authorize(who, 'entries:list')
  const limit = Math.min(selection.limit, LONGEST_PAGE)
  const scopes = visibleScopes(who)
  const page = { ...selection, tenantId: who.tenantId, limit }
  // Each scope's page comes from its index in order; the newest of all of them make one.
  const pages = await Promise.all(
    (scopes ?? [undefined]).map(async (scope) => await readPage(database, { ...page, scope })),
  )
  const found = pages.flat().toSorted((left, right) => (left.id > right.id ? -1 : 1))
  const ids = withinBytes(found.slice(0, limit))
  const rows = await inChunks(ids, async (part) => await findVisible(database, who, part))
  const byId = new Map(rows.map((row) => [row.id, row]))
  return ids.flatMap((id) => byId.get(id) ?? []).map(readEntry)
}

/** An entry can be a megabyte, and a thousand of them one page: that one is shorter then. */
const PAGE_BYTES = 8 * 1024 ** 2

function withinBytes(found: readonly Listed[]): readonly string[] {
  let bytes = 0
  const fitting = found.filter((each, at) => (bytes += each.bytes) <= PAGE_BYTES || at === 0)
  return fitting.map(({ id }) => id)
}

interface Listed {
  readonly id: string
  /** Of what grows with an entry. */
  readonly bytes: number
}

interface Page extends EntrySelection {
  readonly tenantId: string
  /** Undefined: all. */
  readonly scope: string | undefined
}

async function readPage(
  database: Database,
  { tenantId, scope, namespace, namespacePrefix, keyPrefix, limit, after }: Page,
): Promise<readonly Listed[]> {
  let entries = database
    .selectFrom('entries')
    .select(['id', sql<number>`length(blobs) + length(restored)`.as('bytes')])
    .where('tenant_id', '=', tenantId)
    .where('state', 'in', [ENTRY_STATES.LIVE, ENTRY_STATES.QUARANTINED])
  if (scope !== undefined) entries = entries.where('scope', '=', scope)
  if (namespace !== undefined) entries = entries.where('namespace', '=', namespace)
  if (namespacePrefix !== undefined)
    entries = entries
      .where('namespace', '>=', namespacePrefix)
      .where('namespace', '<', endOfPrefix(namespacePrefix))
  if (keyPrefix !== undefined && keyPrefix !== '')
    entries = entries.where('key', '>=', keyPrefix).where('key', '<', endOfPrefix(keyPrefix))
  if (after !== undefined) entries = entries.where('id', '<', after)
  return await entries.orderBy('id', 'desc').limit(limit).execute()
}

/** As `Engine.show`. */
export async function showEntry(
  { database }: EngineContext,
  who: Principal,
  id: string,
): Promise<StoredEntry | undefined> {
  authorize(who, 'entries:find')
  const [row] = await findVisible(database, who, [id])
  return row === undefined ? undefined : readEntry(row)
}

/** Those of these entries that `who` may look at, in no order; what was removed is not among them. */
export async function findVisible(
  database: Database,
  who: Principal,
  ids: readonly string[],
): Promise<readonly EntryRow[]> {
  const scopes = visibleScopes(who)
  if (scopes?.length === 0) return []
  let entries = database
    .selectFrom('entries')
    .select(ENTRY_COLUMNS)
    .where('id', 'in', ids)
    .where('tenant_id', '=', who.tenantId)
    .where('state', 'in', [ENTRY_STATES.LIVE, ENTRY_STATES.QUARANTINED])
  if (scopes !== undefined) entries = entries.where('scope', 'in', scopes)
  return await entries.execute()
}
