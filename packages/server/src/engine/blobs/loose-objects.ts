import type { LooseObjectsTable } from '../../database/engine-tables.ts'
import { inTransaction } from '../../database/in-transaction.ts'
import type { DatabaseTransaction } from '../../database/schema.ts'
import type { Principal, Scope } from '../../trust/principal.ts'
import type { EngineContext } from '../engine-context.ts'
import type { BlobRow } from '../engine.ts'
import { checkScopeLimit, makeRoom } from '../make-room.ts'
import { changeOwnScope, changeScope } from '../scopes.ts'
import { createObjectKey } from './object-key.ts'

/** Bytes that are about to arrive. */
export interface ComingBlob extends BlobRow {
  /** What the bucket will check; undefined when they come through the server. */
  readonly sha256: string | undefined
}

/** A place that was reserved for them. */
export interface ReservedObject extends ComingBlob {
  readonly objectKey: string
}

/*
 * Nothing is ever written that no row knows of: a place is reserved, and its bytes counted, before the
 * first of them arrives. Whoever dies meanwhile leaves a row behind, which is collected with its object.
 */

/**
 * Reserves places in the scope that `who` writes; what is reserved for the same bytes already is shared.
 * @throws {TaskVaultError} QUOTA_EXCEEDED
 */
export async function reserveObjects(
  context: EngineContext,
  who: Principal,
  {
    scope,
    blobs,
    keepMs,
  }: { readonly scope: Scope; readonly blobs: readonly ComingBlob[]; readonly keepMs: number },
): Promise<readonly ReservedObject[]> {
  const { tenantId } = who
  const policy = await context.tenants.of(tenantId)
  const sizeBytes = blobs.reduce((sum, blob) => sum + blob.sizeBytes, 0)
  await makeRoom(context, who, { scope, sizeBytes })
  return await inTransaction(context.database, async (transaction) => {
    await changeOwnScope(transaction, { tenantId, scope }, {})
    const expires_at = context.now() + keepMs
    const shared = await shareReservations(transaction, { tenantId, scope, blobs, expires_at })
    const fresh = blobs.filter((blob) => !shared.has(reservationId(blob)))
    const reserved = fresh.map((blob) => ({ ...blob, objectKey: createObjectKey(tenantId) }))
    for (const blob of reserved)
      await insertReservation(transaction, { tenantId, scope, blob, expires_at })
    const added = fresh.reduce((sum, blob) => sum + blob.sizeBytes, 0)
    const used = await changeOwnScope(transaction, { tenantId, scope }, { used_bytes: added })
    checkScopeLimit(used, policy)
    return [...shared.values(), ...reserved]
  })
}

function reservationId({ name, sizeBytes, sha256 }: ComingBlob): string {
  return `${name} ${sizeBytes} ${sha256}`
}

interface Sharing {
  readonly tenantId: string
  readonly scope: Scope
  readonly blobs: readonly ComingBlob[]
  readonly expires_at: number
}

/** Two jobs that send the same bytes straight to the bucket at once write one object: the first one's. */
async function shareReservations(
  transaction: DatabaseTransaction,
  { tenantId, scope, blobs, expires_at }: Sharing,
): Promise<ReadonlyMap<string, ReservedObject>> {
  const shared = new Map<string, ReservedObject>()
  for (const blob of blobs) {
    if (blob.sha256 === undefined) continue
    const row = await transaction
      .updateTable('loose_objects')
      .set({ expires_at })
      .where('tenant_id', '=', tenantId)
      .where('scope', '=', scope.name)
      .where('name', '=', blob.name)
      .where('sha256', '=', blob.sha256)
      .where('size_bytes', '=', blob.sizeBytes)
      .where('is_counted', '=', 1)
      .returning('object_key')
      .executeTakeFirst()
    if (row !== undefined) shared.set(reservationId(blob), { ...blob, objectKey: row.object_key })
  }
  return shared
}

async function insertReservation(
  transaction: DatabaseTransaction,
  { tenantId, scope, blob, expires_at }: Omit<Sharing, 'blobs'> & { readonly blob: ReservedObject },
): Promise<void> {
  const row: LooseObjectsTable = {
    object_key: blob.objectKey,
    tenant_id: tenantId,
    scope: scope.name,
    name: blob.name,
    size_bytes: blob.sizeBytes,
    sha256: blob.sha256 ?? null,
    is_counted: 1,
    expires_at,
  }
  await transaction.insertInto('loose_objects').values(row).execute()
}

/**
 * Makes blobs of objects that are written. Where the scope has got a blob of that name meanwhile, that
 * one stays, and the object is left to be collected; so is one whose place was given up. Gives the
 * names that were new.
 */
export async function settleObjects(
  context: EngineContext,
  who: Principal,
  { scope, objects }: { readonly scope: Scope; readonly objects: readonly ReservedObject[] },
): Promise<ReadonlySet<string>> {
  const { tenantId } = who
  return await inTransaction(context.database, async (transaction) => {
    await changeOwnScope(transaction, { tenantId, scope }, {})
    const added = new Set<string>()
    let givenBack = 0
    for (const object of objects) {
      const isKnown = await isReserved(transaction, object.objectKey)
      const isNew = isKnown && (await insertBlob(context, transaction, { tenantId, scope, object }))
      if (isNew) added.add(object.name)
      givenBack += await (isNew
        ? dropReservation(transaction, object.objectKey)
        : expireReservation(transaction, object.objectKey))
    }
    await changeScope(transaction, { tenantId, name: scope.name }, { used_bytes: -givenBack })
    return added
  })
}

async function isReserved(transaction: DatabaseTransaction, objectKey: string): Promise<boolean> {
  const row = await transaction
    .selectFrom('loose_objects')
    .select('object_key')
    .where('object_key', '=', objectKey)
    .where('is_counted', '=', 1)
    .executeTakeFirst()
  return row !== undefined
}

interface NewBlob {
  readonly tenantId: string
  readonly scope: Scope
  readonly object: ReservedObject
}

async function insertBlob(
  { now, times }: EngineContext,
  transaction: DatabaseTransaction,
  { tenantId, scope, object }: NewBlob,
): Promise<boolean> {
  const nowMs = now()
  const row = await transaction
    .insertInto('blobs')
    .values({
      object_key: object.objectKey,
      tenant_id: tenantId,
      scope: scope.name,
      name: object.name,
      size_bytes: object.sizeBytes,
      refs: 0,
      borrowed: 0,
      is_counted: 1,
      kept_until: nowMs + times.leaseMs,
      created_at: nowMs,
    })
    .onConflict((conflict) => conflict.columns(['tenant_id', 'name', 'scope']).doNothing())
    .returning('object_key')
    .executeTakeFirst()
  return row !== undefined
}

/** The blob has its bytes from now on: nothing is given back. */
async function dropReservation(
  transaction: DatabaseTransaction,
  objectKey: string,
): Promise<number> {
  await transaction.deleteFrom('loose_objects').where('object_key', '=', objectKey).execute()
  return 0
}

/** Leaves an object to be collected; gives the bytes that no longer count. */
async function expireReservation(
  transaction: DatabaseTransaction,
  objectKey: string,
): Promise<number> {
  const row = await transaction
    .updateTable('loose_objects')
    .set({ is_counted: 0, expires_at: 0 })
    .where('object_key', '=', objectKey)
    .where('is_counted', '=', 1)
    .returning('size_bytes')
    .executeTakeFirst()
  return row?.size_bytes ?? 0
}

/** Gives up a place whose bytes did not arrive, or were the wrong ones. */
export async function abandonObject(
  context: EngineContext,
  {
    tenantId,
    scope,
    objectKey,
  }: { readonly tenantId: string; readonly scope: Scope; readonly objectKey: string },
): Promise<void> {
  await inTransaction(context.database, async (transaction) => {
    const place = { tenantId, name: scope.name }
    await changeScope(transaction, place, {})
    const bytes = await expireReservation(transaction, objectKey)
    await changeScope(transaction, place, { used_bytes: -bytes })
  })
}
