import { TaskVaultError } from '@taskvault/core'
import type { BlobName } from '@taskvault/core'
import { sql } from 'kysely'
import type { DatabaseTransaction } from '../../database/schema.ts'
import type { EngineContext } from '../engine-context.ts'
import type { StoredEntry } from '../engine.ts'
import { findBlobs } from './blob-rows.ts'
import type { FoundBlob } from './blob-rows.ts'

export interface Claim {
  readonly tenantId: string
  readonly entry: StoredEntry
  /** The scopes whose blobs the entry may need, its own first. */
  readonly readable: readonly string[]
}

export interface ClaimedBlobs {
  /** Then nothing was changed. */
  readonly missing: readonly BlobName[]
  readonly objectKeys: readonly string[]
  /** Bytes that count for the scope again since an entry needs them again. */
  readonly newBytes: number
}

/**
 * Lets an entry need its blobs: none of them goes from now on. The entry's scope is held already, so
 * that its own blobs do not change meanwhile; one of another scope may just be collected.
 * @throws {TaskVaultError} DATABASE_BUSY then; REQUEST_INVALID for a blob of another size than it has.
 */
export async function claimBlobs(
  { now, times }: EngineContext,
  transaction: DatabaseTransaction,
  { tenantId, entry, readable }: Claim,
): Promise<ClaimedBlobs> {
  const names = [...new Set(entry.blobs.map(({ name }) => name))]
  const found = await findBlobs(transaction, { tenantId, scopes: readable, names })
  const chosen = chooseBlobs(found, entry.scope)
  const missing = names.filter((name) => !chosen.has(name))
  if (missing.length > 0) return { missing, objectKeys: [], newBytes: 0 }
  checkSizes(entry, chosen)

  const blobs = [...chosen.values()].toSorted((left, right) =>
    left.objectKey < right.objectKey ? -1 : 1,
  )
  const own = blobs.filter(({ scope }) => scope === entry.scope)
  const others = blobs.filter(({ scope }) => scope !== entry.scope)
  const ending = now() + times.leaseMs
  await need(transaction, own, { refs: sql<number>`refs + 1`, is_counted: sql<number>`1` })
  await need(transaction, others, {
    borrowed: sql<number>`borrowed + 1`,
    kept_until: sql<number>`${ending}`,
  })
  return {
    missing: [],
    objectKeys: blobs.map(({ objectKey }) => objectKey),
    newBytes: own.reduce((sum, blob) => sum + (blob.isCounted ? 0 : blob.sizeBytes), 0),
  }
}

/** The own one of each name, which depends on nobody else; otherwise any that may be read. */
function chooseBlobs(
  found: readonly FoundBlob[],
  ownScope: string,
): ReadonlyMap<BlobName, FoundBlob> {
  const chosen = new Map<BlobName, FoundBlob>()
  for (const blob of found) {
    if (!chosen.has(blob.name) || blob.scope === ownScope) chosen.set(blob.name, blob)
  }
  return chosen
}

function checkSizes(entry: StoredEntry, chosen: ReadonlyMap<BlobName, FoundBlob>): void {
  for (const { name, sizeBytes } of entry.blobs) {
    const actual = chosen.get(name)?.sizeBytes
    if (actual === sizeBytes) continue
    throw new TaskVaultError(
      'REQUEST_INVALID',
      `Blob ${name} has ${actual} bytes, not the ${sizeBytes} that the entry says`,
    )
  }
}

const AT_ONCE = 500

async function need(
  transaction: DatabaseTransaction,
  blobs: readonly FoundBlob[],
  change: Readonly<Record<string, ReturnType<typeof sql<number>>>>,
): Promise<void> {
  for (let at = 0; at < blobs.length; at += AT_ONCE) {
    const keys = blobs.slice(at, at + AT_ONCE).map(({ objectKey }) => objectKey)
    const { numUpdatedRows } = await transaction
      .updateTable('blobs')
      .set(change)
      .where('object_key', 'in', keys)
      .executeTakeFirstOrThrow()
    if (Number(numUpdatedRows) === keys.length) continue
    throw new TaskVaultError('DATABASE_BUSY', 'A blob was collected just now')
  }
}
