import { sql } from 'kysely'
import type { ScopesTable } from '../database/engine-tables.ts'
import type { Database, DatabaseTransaction } from '../database/schema.ts'
import type { Scope } from '../trust/principal.ts'
import { trustOf } from './visible-scopes.ts'

/** What is counted of each scope. */
export const SCOPE_SUMS = [
  'used_bytes',
  'entries',
  'entry_bytes',
  'hits',
  'misses',
  'saves',
  'evictions',
  'saved_ms',
] as const

type ScopeSum = (typeof SCOPE_SUMS)[number]

/** Numbers of a scope that change; each is added. */
export type ScopeChange = Partial<Record<ScopeSum, number>>

export interface ScopePlace {
  readonly tenantId: string
  readonly name: string
}

/**
 * Adds to a scope's numbers, and holds the scope until the transaction ends: whoever changes its
 * entries, or its blobs, does this first. Gives what is used now; undefined when there is no such scope.
 */
export async function changeScope(
  transaction: DatabaseTransaction,
  { tenantId, name }: ScopePlace,
  change: ScopeChange,
): Promise<number | undefined> {
  const added = Object.entries({ used_bytes: 0, ...change }) as [keyof ScopeChange, number][]
  const row = await transaction
    .updateTable('scopes')
    .set((of) =>
      Object.fromEntries(
        added.map(([column, by]) => [column, sql<number>`${of.ref(column)} + ${sql.val(by)}`]),
      ),
    )
    .where('tenant_id', '=', tenantId)
    .where('name', '=', name)
    .returning('used_bytes')
    .executeTakeFirst()
  return row?.used_bytes
}

/** As `changeScope`, for a scope that may be new. */
export async function changeOwnScope(
  transaction: DatabaseTransaction,
  { tenantId, scope }: { readonly tenantId: string; readonly scope: Scope },
  change: ScopeChange,
): Promise<number> {
  const place = { tenantId, name: scope.name }
  const used = await changeScope(transaction, place, change)
  if (used !== undefined) return used
  await transaction
    .insertInto('scopes')
    .values({
      ...NOTHING,
      tenant_id: tenantId,
      name: scope.name,
      level: scope.level,
      trust: trustOf(scope),
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  return (await changeScope(transaction, place, change)) ?? 0
}

/** The scopes of a tenant, the least trusted first, and of those the fullest. */
export async function listScopes(
  database: Database,
  tenantId: string,
): Promise<readonly Pick<ScopesTable, 'name' | 'trust' | 'used_bytes'>[]> {
  return await database
    .selectFrom('scopes')
    .select(['name', 'trust', 'used_bytes'])
    .where('tenant_id', '=', tenantId)
    .orderBy('trust')
    .orderBy('used_bytes', 'desc')
    .execute()
}

const NOTHING = Object.fromEntries(SCOPE_SUMS.map((column) => [column, 0])) as Record<
  ScopeSum,
  number
>
