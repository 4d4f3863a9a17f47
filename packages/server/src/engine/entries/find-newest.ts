import { ENTRY_STATES } from '../../database/engine-tables.ts'
import type { Database } from '../../database/schema.ts'
import { ENTRY_COLUMNS } from './entry-rows.ts'
import type { EntryRow } from './entry-rows.ts'

export interface PrefixPlace {
  readonly tenantId: string
  readonly scope: string
  readonly namespace: string
  /** Empty: every key. */
  readonly prefix: string
  readonly nowMs: number
}

/** Entries with the prefix, up to which they are read and compared. */
const FEW = 200

/**
 * The newest entry whose key begins with the prefix. Where few do, they are read through the index of
 * keys. Where many do, the newest entries are read until one has it, which is soon: either way, what
 * is read does not grow with the number of entries.
 */
export async function findNewest(
  database: Database,
  place: PrefixPlace,
): Promise<EntryRow | undefined> {
  if (place.prefix === '') return await firstFromNewest(database, place)
  const few = await withPrefix(database, place)
    .select('id')
    .limit(FEW + 1)
    .execute()
  if (few.length > FEW) return await firstFromNewest(database, place)
  const newest = few.reduce<string | undefined>((latest, { id }) => later(latest, id), undefined)
  if (newest === undefined) return undefined
  return await database
    .selectFrom('entries')
    .select(ENTRY_COLUMNS)
    .where('id', '=', newest)
    .where('tenant_id', '=', place.tenantId)
    .executeTakeFirst()
}

function later(latest: string | undefined, id: string): string {
  return latest === undefined || id > latest ? id : latest
}

async function firstFromNewest(
  database: Database,
  place: PrefixPlace,
): Promise<EntryRow | undefined> {
  return await withPrefix(database, place)
    .select(ENTRY_COLUMNS)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
}

function withPrefix(
  database: Database,
  { tenantId, scope, namespace, prefix, nowMs }: PrefixPlace,
) {
  const entries = database
    .selectFrom('entries')
    .where('tenant_id', '=', tenantId)
    .where('scope', '=', scope)
    .where('namespace', '=', namespace)
    .where('state', '=', (of) => of.lit(ENTRY_STATES.LIVE))
    .where((of) => of.or([of('expires_at', 'is', null), of('expires_at', '>', nowMs)]))
  if (prefix === '') return entries
  return entries.where('key', '>=', prefix).where('key', '<', endOfPrefix(prefix))
}

/** Above every text that begins with `prefix`: no text holds this character. */
export function endOfPrefix(prefix: string): string {
  return `${prefix}\u{10FFFF}`
}
