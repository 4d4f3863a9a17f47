import type { BlobName } from '@taskvault/core'
import { sql } from 'kysely'
import type { Database, DatabaseTransaction } from '../../database/schema.ts'
import { inChunks } from '../in-chunks.ts'

/** A blob as a scope has it. */
export interface FoundBlob {
  readonly objectKey: string
  readonly scope: string
  readonly name: BlobName
  readonly sizeBytes: number
  /** Whether entries need it; otherwise it goes once its lease is over. */
  readonly isNeeded: boolean
  readonly isCounted: boolean
  readonly keptUntilMs: number
}

export interface BlobSearch {
  readonly tenantId: string
  /** Only what these have counts. */
  readonly scopes: readonly string[]
  readonly names: readonly BlobName[]
}

/** The blobs of these names in these scopes, the same name in each scope that has it. */
export async function findBlobs(
  database: Database | DatabaseTransaction,
  { tenantId, scopes, names }: BlobSearch,
): Promise<readonly FoundBlob[]> {
  if (scopes.length === 0) return []
  const rows = await inChunks([...new Set(names)], async (part) => {
    return await database
      .selectFrom('blobs')
      .select([
        'object_key',
        'scope',
        'name',
        'size_bytes',
        'refs',
        'borrowed',
        'is_counted',
        'kept_until',
      ])
      .where('tenant_id', '=', tenantId)
      .where('name', 'in', part)
      .where('scope', 'in', scopes)
      .execute()
  })
  return rows.map((row) => ({
    objectKey: row.object_key,
    scope: row.scope,
    name: row.name as BlobName,
    sizeBytes: row.size_bytes,
    isNeeded: row.refs > 0 || row.borrowed > 0,
    isCounted: row.is_counted === 1,
    keptUntilMs: row.kept_until,
  }))
}

/**
 * Keeps blobs that no entry needs until `untilMs` at least. Gives the keys of those that are still there:
 * any other was collected just now.
 */
export async function keepBlobs(
  database: Database | DatabaseTransaction,
  objectKeys: readonly string[],
  untilMs: number,
): Promise<ReadonlySet<string>> {
  const rows = await inChunks(objectKeys, async (part) => {
    return await database
      .updateTable('blobs')
      .set({ kept_until: atLeast(untilMs) })
      .where('object_key', 'in', part)
      .returning('object_key')
      .execute()
  })
  return new Set(rows.map((row) => row.object_key))
}

/** The later of a blob's lease and `untilMs`; both databases have a word for it, and not the same one. */
export function atLeast(untilMs: number): ReturnType<typeof sql<number>> {
  return sql<number>`case when kept_until < ${untilMs} then ${untilMs} else kept_until end`
}
