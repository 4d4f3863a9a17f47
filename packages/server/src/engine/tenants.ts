import { TaskVaultError } from '@taskvault/core'
import type { TenantsTable } from '../database/engine-tables.ts'
import type { Database } from '../database/schema.ts'
import { isFresh } from '../trust/model/is-fresh.ts'
import type { EngineLimits } from './engine-options.ts'

/** What the owner of a tenant has set for it. */
export interface TenantPolicy {
  readonly strategy: TenantsTable['strategy']
  readonly scopeBytes: number
  readonly tenantBytes: number
  readonly ttlMs: number | undefined
}

export interface TenantPolicies {
  /** At most ten seconds old. NOT_FOUND when there is no such tenant. */
  of(tenantId: string): Promise<TenantPolicy>
}

const FRESH_MS = 10_000

export function createTenantPolicies(
  database: Database,
  { limits, now }: { readonly limits: EngineLimits; readonly now: () => number },
): TenantPolicies {
  const known = new Map<string, { readonly policy: TenantPolicy; readonly readAtMs: number }>()
  return {
    async of(tenantId) {
      const found = known.get(tenantId)
      if (found !== undefined && isFresh(found.readAtMs, FRESH_MS, now())) return found.policy
      const policy = await readPolicy(database, tenantId, limits)
      known.set(tenantId, { policy, readAtMs: now() })
      return policy
    },
  }
}

async function readPolicy(
  database: Database,
  tenantId: string,
  limits: EngineLimits,
): Promise<TenantPolicy> {
  const row = await database
    .selectFrom('tenants')
    .select(['strategy', 'scope_limit_bytes', 'limit_bytes', 'ttl_ms'])
    .where('id', '=', tenantId)
    .executeTakeFirst()
  if (row === undefined) throw new TaskVaultError('NOT_FOUND', 'There is no such tenant')
  return {
    strategy: row.strategy,
    scopeBytes: row.scope_limit_bytes ?? limits.scopeBytes,
    tenantBytes: row.limit_bytes ?? limits.tenantBytes,
    ttlMs: row.ttl_ms ?? undefined,
  }
}
