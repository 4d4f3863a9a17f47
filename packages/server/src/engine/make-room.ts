import { TaskVaultError } from '@taskvault/core'
import { appendAudit } from '../database/audit.ts'
import { inTransaction } from '../database/in-transaction.ts'
import type { Database } from '../database/schema.ts'
import type { Principal, Scope } from '../trust/principal.ts'
import type { EngineContext } from './engine-context.ts'
import { removeEntries } from './entries/remove-entries.ts'
import { findVictims } from './find-victims.ts'
import { changeScope, listScopes } from './scopes.ts'
import type { ScopePlace } from './scopes.ts'
import type { TenantPolicy } from './tenants.ts'
import { uncountPending } from './uncount-pending.ts'
import { trustOf } from './visible-scopes.ts'

/** Once something has to go, so much of the limit is left free, or every upload would have to. */
const FREE_SHARE = 0.05

/**
 * Makes room for bytes that `who` is about to send into its scope: expired entries go first, then by the
 * tenant's strategy. Against the limit of the scope, only entries of that scope go; against that of the
 * tenant, those of scopes that are trusted no more than the writer, the least trusted first. What a less
 * trusted scope has announced, or sent and not published, goes before any entry of a more trusted one.
 * @throws {TaskVaultError} QUOTA_EXCEEDED when that is not enough.
 */
export async function makeRoom(
  context: EngineContext,
  who: Principal,
  { scope, sizeBytes }: { readonly scope: Scope; readonly sizeBytes: number },
): Promise<void> {
  const policy = await context.tenants.of(who.tenantId)
  const place = { tenantId: who.tenantId, name: scope.name }
  if (sizeBytes > policy.scopeBytes) throw exceeded('scope', policy.scopeBytes)
  if (sizeBytes > policy.tenantBytes) throw exceeded('tenant', policy.tenantBytes)
  const used = await readUsed(context.database, place)
  if (used + sizeBytes > policy.scopeBytes) {
    const wanted = used - (1 - FREE_SHARE) * policy.scopeBytes
    await evict(context, place, { policy, bytes: Math.max(wanted, 0) + sizeBytes })
  }
  await makeRoomInTenant(context, { who, scope, policy, sizeBytes })
}

async function makeRoomInTenant(
  context: EngineContext,
  { who, scope, policy, sizeBytes }: TenantNeed,
): Promise<void> {
  const scopes = await listScopes(context.database, who.tenantId)
  const used = scopes.reduce((sum, each) => sum + each.used_bytes, 0)
  if (used + sizeBytes <= policy.tenantBytes) return
  let bytes = used + sizeBytes - (1 - FREE_SHARE) * policy.tenantBytes
  for (const victim of scopes) {
    if (bytes <= 0 || victim.trust > trustOf(scope)) break
    const place = { tenantId: who.tenantId, name: victim.name }
    bytes -= await evict(context, place, { policy, bytes })
    if (bytes > 0 && victim.trust < trustOf(scope)) bytes -= await uncountPending(context, place)
  }
  const left = await listScopes(context.database, who.tenantId)
  const stillUsed = left.reduce((sum, each) => sum + each.used_bytes, 0)
  if (stillUsed + sizeBytes > policy.tenantBytes) throw exceeded('tenant', policy.tenantBytes)
}

interface TenantNeed {
  readonly who: Principal
  readonly scope: Scope
  readonly policy: TenantPolicy
  readonly sizeBytes: number
}

/** @throws {TaskVaultError} QUOTA_EXCEEDED when a scope holds more than it may. */
export function checkScopeLimit(usedBytes: number, { scopeBytes }: TenantPolicy): void {
  if (usedBytes > scopeBytes) throw exceeded('scope', scopeBytes)
}

/** Lets entries of one scope go until so many bytes are free, or none is left; gives the bytes. */
async function evict(
  context: EngineContext,
  place: ScopePlace,
  { policy, bytes }: { readonly policy: TenantPolicy; readonly bytes: number },
): Promise<number> {
  let freed = 0
  while (freed < bytes) {
    const wanted = bytes - freed
    const { freedBytes, entries } = await evictSome(context, place, { policy, wanted })
    freed += freedBytes
    if (entries === 0) break
    context.report({ kind: 'evicted', tenantId: place.tenantId, entries })
  }
  return freed
}

const VICTIMS_AT_ONCE = 64

async function evictSome(
  { database, now, times }: EngineContext,
  place: ScopePlace,
  { policy, wanted }: { readonly policy: TenantPolicy; readonly wanted: number },
): Promise<{ readonly freedBytes: number; readonly entries: number }> {
  return await inTransaction(database, async (transaction) => {
    await changeScope(transaction, place, {})
    const nowMs = now()
    const { strategy } = policy
    const victims = await findVictims(transaction, place, {
      strategy,
      nowMs,
      limit: VICTIMS_AT_ONCE,
    })
    let freedBytes = 0
    let entries = 0
    for (const { id } of victims) {
      if (freedBytes >= wanted) break
      const removal = { place, ids: [id], nowMs, leaseMs: times.leaseMs, isEviction: true }
      freedBytes += (await removeEntries(transaction, removal)).freedBytes
      entries += 1
    }
    const events = victims.slice(0, entries).map(({ id, because }) => ({
      kind: 'EVICT' as const,
      operation: 'make_room',
      fields: { entry: id, scope: place.name, because },
    }))
    await appendAudit(transaction, { tenantId: place.tenantId, events, nowMs })
    return { freedBytes, entries }
  })
}

async function readUsed(database: Database, { tenantId, name }: ScopePlace): Promise<number> {
  const row = await database
    .selectFrom('scopes')
    .select('used_bytes')
    .where('tenant_id', '=', tenantId)
    .where('name', '=', name)
    .executeTakeFirst()
  return row?.used_bytes ?? 0
}

function exceeded(whose: 'scope' | 'tenant', bytes: number): TaskVaultError {
  return new TaskVaultError(
    'QUOTA_EXCEEDED',
    `This would take more than the ${bytes} bytes that its ${whose} may hold`,
    { hint: 'Save less, or let an administrator raise the limit.' },
  )
}
