import { TaskVaultError } from '@taskvault/core'
import type { Selectable } from 'kysely'
import { appendAudit } from '../database/audit.ts'
import type { TenantsTable } from '../database/engine-tables.ts'
import { inTransaction } from '../database/in-transaction.ts'
import type { Database } from '../database/schema.ts'
import type { ApiKeys } from '../trust/api-keys.ts'
import { FIRST_TENANT } from '../trust/model/roles.ts'

/** Who shares nothing with anybody else on the same server. */
export interface Tenant {
  /** `[a-z0-9-]`, at most 32 characters. */
  readonly id: string
  readonly name: string
  readonly createdAtMs: number
  readonly strategy: TenantsTable['strategy']
  /** What each scope, and all together, may hold; undefined: the server's own limits. */
  readonly scopeBytes: number | undefined
  readonly tenantBytes: number | undefined
  /** How long an entry lives at most. */
  readonly ttlMs: number | undefined
}

export type TenantRequest = Pick<Tenant, 'id'> &
  Partial<{
    readonly [Name in Exclude<keyof Tenant, 'id' | 'createdAtMs'>]: Tenant[Name] | undefined
  }>

export interface CreatedTenant {
  readonly tenant: Tenant
  /** The key of its first administrator, shown this once. */
  readonly adminKey: string
}

export interface Tenants {
  list(): Promise<readonly Tenant[]>
  /**
   * Makes a tenant and a key of its administrator. For one that is there and has no keys at all, the
   * key alone: whoever asked first may have died in between.
   * @param by who asks; for the audit log. Undefined when it is there, and somebody's, or its name is another's.
   */
  create(by: string, request: TenantRequest): Promise<CreatedTenant | undefined>
}

export interface TenantsOptions {
  readonly database: Database
  readonly keys: ApiKeys
  readonly now: () => number
}

export function createTenants({ database, keys, now }: TenantsOptions): Tenants {
  async function find(id: string): Promise<Tenant | undefined> {
    const row = await database
      .selectFrom('tenants')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirst()
    return row && fromRow(row)
  }

  async function insert(by: string, tenant: Tenant): Promise<void> {
    await inTransaction(database, async (transaction) => {
      const inserted = await transaction
        .insertInto('tenants')
        .values(toRow(tenant))
        .onConflict((conflict) => conflict.doNothing())
        .returning('id')
        .executeTakeFirst()
      if (inserted === undefined) return
      const fields = { id: tenant.id, name: tenant.name, user: by }
      const event = { kind: 'ACCESS', operation: 'tenant_create', fields } as const
      await appendAudit(transaction, { tenantId: FIRST_TENANT, events: [event], nowMs: now() })
    })
  }

  return {
    list: async () => {
      const rows = await database.selectFrom('tenants').selectAll().orderBy('id').execute()
      return rows.map(fromRow)
    },
    create: async (by, request) => {
      await insert(by, planTenant(request, now()))
      const tenant = await find(request.id)
      if (tenant === undefined || (await keys.list(tenant.id)).length > 0) return undefined
      const { secret } = await keys.create(
        { tenantId: tenant.id, name: by },
        { name: 'admin', role: 'admin' },
      )
      return { tenant, adminKey: secret }
    },
  }
}

/** @throws {TaskVaultError} ARGUMENT_INVALID when the id could not be part of an object's name. */
function planTenant(request: TenantRequest, nowMs: number): Tenant {
  const { id, name = id, strategy = 'lru', scopeBytes, tenantBytes, ttlMs } = request
  if (!/^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/.test(id)) {
    throw new TaskVaultError('ARGUMENT_INVALID', `Not an id for a tenant: ${JSON.stringify(id)}`, {
      hint: 'Use a-z, 0-9 and hyphens within, at most 32 of them.',
    })
  }
  return { id, name, createdAtMs: nowMs, strategy, scopeBytes, tenantBytes, ttlMs }
}

function toRow(tenant: Tenant): Selectable<TenantsTable> {
  return {
    id: tenant.id,
    name: tenant.name,
    created_at: tenant.createdAtMs,
    strategy: tenant.strategy,
    scope_limit_bytes: tenant.scopeBytes ?? null,
    limit_bytes: tenant.tenantBytes ?? null,
    ttl_ms: tenant.ttlMs ?? null,
  }
}

function fromRow(row: Selectable<TenantsTable>): Tenant {
  return {
    id: row.id,
    name: row.name,
    createdAtMs: row.created_at,
    strategy: row.strategy,
    scopeBytes: row.scope_limit_bytes ?? undefined,
    tenantBytes: row.limit_bytes ?? undefined,
    ttlMs: row.ttl_ms ?? undefined,
  }
}
