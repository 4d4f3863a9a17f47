import { randomBytes } from 'node:crypto'
import { TaskVaultError, isAddressRange } from '@taskvault/core'
import type { Insertable, Selectable } from 'kysely'
import { appendAudit } from '../database/audit.ts'
import type { AuditNote } from '../database/audit.ts'
import { inTransaction } from '../database/in-transaction.ts'
import type { Database } from '../database/schema.ts'
import type { ApiKeysTable } from '../database/trust-tables.ts'
import { hasTenant } from './has-tenant.ts'
import { planKey } from './model/plan-key.ts'
import type { ApiKey, KeyRequest } from './model/plan-key.ts'
import { FIRST_TENANT, isRole } from './model/roles.ts'
import { NO_DIGEST, digestOfSecret, isDigestOf } from './secret-digest.ts'
import { createSecretToken, parseSecretToken } from './secret-token.ts'

export interface CreatedKey {
  readonly key: ApiKey
  /** `tv_…`: the secret, which nobody can be told again. */
  readonly secret: string
}

export interface ApiKeys {
  /** @throws {TaskVaultError} ARGUMENT_INVALID; NOT_FOUND when there is no such tenant. */
  create(who: KeyMaker, request: KeyRequest): Promise<CreatedKey>
  /** All of a tenant, oldest first; those that are revoked or expired, too. */
  list(tenantId: string): Promise<readonly ApiKey[]>
  /** From now on it, and every session that it opened, is unknown. Whether there was one to revoke. */
  revoke(who: KeyMaker, id: string): Promise<boolean>
  /** A key of the administrator of the first tenant, when there is none that works; undefined otherwise. */
  createFirst(): Promise<CreatedKey | undefined>
  /** The key whose secret this is. Undefined: nobody's; revoked and expired ones are still found. */
  find(secret: string): Promise<ApiKey | undefined>
}

/** On whose behalf a key is made or revoked: of the same tenant, and named in the audit log. */
export interface KeyMaker {
  readonly tenantId: string
  readonly name: string
}

/** Keys of programs and people. Every change is one transaction with its line of the audit log. */
export function createApiKeys(database: Database, now: () => number): ApiKeys {
  async function create(who: KeyMaker, request: KeyRequest): Promise<CreatedKey> {
    const token = createSecretToken('tv', randomBytes)
    checkAddresses(request.addresses ?? [])
    const key = planKey(request, { id: token.id, tenantId: who.tenantId, nowMs: now() })
    const row = { ...toRow(key), digest: digestOfSecret(token.text) }
    await inTransaction(database, async (transaction) => {
      if (!(await hasTenant(transaction, key.tenantId)))
        throw new TaskVaultError('NOT_FOUND', `There is no tenant ${key.tenantId}`)
      await transaction.insertInto('api_keys').values(row).execute()
      await appendAudit(transaction, noteOf('key_create', who, key))
    })
    return { key, secret: token.text }
  }

  function noteOf(
    operation: string,
    who: KeyMaker,
    { id, name }: Pick<ApiKey, 'id' | 'name'>,
  ): AuditNote {
    const fields = { id, name, user: who.name }
    return {
      tenantId: who.tenantId,
      events: [{ kind: 'ACCESS', operation, fields }],
      nowMs: now(),
    }
  }

  async function revoke(who: KeyMaker, id: string): Promise<boolean> {
    return await inTransaction(database, async (transaction) => {
      const revoked = await transaction
        .updateTable('api_keys')
        .set({ revoked_at: now() })
        .where('tenant_id', '=', who.tenantId)
        .where('id', '=', id)
        .where('revoked_at', 'is', null)
        .returning(['id', 'name'])
        .executeTakeFirst()
      if (revoked !== undefined) await appendAudit(transaction, noteOf('key_revoke', who, revoked))
      return revoked !== undefined
    })
  }

  return {
    create,
    revoke,
    list: async (tenantId) => (await selectKeys(database, tenantId)).map(fromRow),
    createFirst: async () => {
      const keys = (await selectKeys(database, FIRST_TENANT)).map(fromRow)
      const hasOne = keys.some(
        (key) => key.role === 'admin' && whyUnusable(key, now()) === undefined,
      )
      if (hasOne) return undefined
      const maker = { tenantId: FIRST_TENANT, name: 'taskvault serve' }
      return await create(maker, { name: 'admin', role: 'admin' })
    },
    find: async (secret) => {
      const token = parseSecretToken('tv', secret)
      if (token === undefined) return undefined
      const row = await database
        .selectFrom('api_keys')
        .selectAll()
        .where('id', '=', token.id)
        .executeTakeFirst()
      const isRight = isDigestOf(row?.digest ?? NO_DIGEST, token.text)
      return isRight && row !== undefined ? fromRow(row) : undefined
    },
  }
}

/** Why a key that is somebody's does not work; undefined: it does. */
export function whyUnusable(
  { expiresAtMs, revokedAtMs }: Pick<ApiKey, 'expiresAtMs' | 'revokedAtMs'>,
  nowMs: number,
): string | undefined {
  if (revokedAtMs !== undefined) return 'it was revoked'
  return nowMs < expiresAtMs ? undefined : 'it has expired'
}

function checkAddresses(addresses: readonly string[]): void {
  const wrong = addresses.find((text) => !isAddressRange(text))
  if (wrong === undefined) return
  throw new TaskVaultError(
    'ARGUMENT_INVALID',
    `Not a range of addresses: ${JSON.stringify(wrong)}`,
    {
      hint: 'Write it as `10.0.0.0/8`, `2001:db8::/32`, or one address.',
    },
  )
}

async function selectKeys(
  database: Database,
  tenantId: string,
): Promise<readonly Selectable<ApiKeysTable>[]> {
  return await database
    .selectFrom('api_keys')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .orderBy('created_at')
    .orderBy('id')
    .execute()
}

function toRow(key: ApiKey): Omit<Insertable<ApiKeysTable>, 'digest'> {
  return {
    id: key.id,
    tenant_id: key.tenantId,
    name: key.name,
    role: key.role,
    project: key.project,
    writes: key.writes,
    reads: JSON.stringify(key.reads),
    addresses: JSON.stringify(key.addresses),
    created_at: key.createdAtMs,
    expires_at: key.expiresAtMs,
    revoked_at: key.revokedAtMs ?? null,
  }
}

function fromRow(row: Selectable<ApiKeysTable>): ApiKey {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    name: row.name,
    // A role that a later version may have written: nothing is allowed to it.
    role: isRole(row.role) ? row.role : 'external',
    project: row.project,
    writes: row.writes,
    reads: JSON.parse(row.reads) as readonly string[],
    addresses: JSON.parse(row.addresses) as readonly string[],
    createdAtMs: row.created_at,
    expiresAtMs: row.expires_at,
    revokedAtMs: row.revoked_at ?? undefined,
  }
}
