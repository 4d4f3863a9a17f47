import { sql } from 'kysely'
import { authorize } from '../trust/model/roles.ts'
import type { Principal } from '../trust/principal.ts'
import type { EngineContext } from './engine-context.ts'
import type { EngineStats } from './engine.ts'
import { SCOPE_SUMS } from './scopes.ts'
import { visibleScopes } from './visible-scopes.ts'

/** As `Engine.stats`: sums over the scopes that `who` may look at, at most a second old. */
export async function readStats({ database }: EngineContext, who: Principal): Promise<EngineStats> {
  authorize(who, 'stats:read')
  const visible = visibleScopes(who)
  const rows = await database
    .selectFrom('scopes')
    .select('name')
    // However large, in both databases: one scope's sums must not keep all others from being told.
    .select(
      SCOPE_SUMS.map((column) =>
        sql<number>`cast(${sql.ref(column)} as double precision)`.as(column),
      ),
    )
    .where('tenant_id', '=', who.tenantId)
    .execute()
  const scopes = rows.filter(({ name }) => visible?.includes(name) ?? true)
  const sum = (read: (scope: (typeof rows)[number]) => number): number =>
    scopes.reduce((total, scope) => total + read(scope), 0)
  return {
    entries: sum((scope) => scope.entries),
    entryBytes: sum((scope) => scope.entry_bytes),
    storedBytes: sum((scope) => scope.used_bytes),
    hits: sum((scope) => scope.hits),
    misses: sum((scope) => scope.misses),
    saves: sum((scope) => scope.saves),
    evictions: sum((scope) => scope.evictions),
    savedMs: sum((scope) => scope.saved_ms),
  }
}
