import type { BlobName, RecordSignature, Writer } from '@taskvault/core'
import type { Selectable } from 'kysely'
import { ENTRY_STATES } from '../../database/engine-tables.ts'
import type { EntriesTable } from '../../database/engine-tables.ts'
import type { StoredEntry } from '../engine.ts'

/** Blobs as pairs of name and size. */
type BlobPairs = readonly (readonly [BlobName, number])[]

/** What of a row an entry is made of. */
export const ENTRY_COLUMNS = [
  'id',
  'scope',
  'namespace',
  'key',
  'content',
  'blobs',
  'details',
  'duration_ms',
  'size_bytes',
  'created_at',
  'accessed_at',
  'expires_at',
  'hits',
  'writer',
  'restored',
  'signature',
  'state',
] as const

export type EntryRow = Pick<Selectable<EntriesTable>, (typeof ENTRY_COLUMNS)[number]>

export function readEntry(row: EntryRow): StoredEntry {
  return {
    id: row.id,
    scope: row.scope,
    namespace: row.namespace,
    key: row.key,
    content: row.content,
    // All JSON here was written by writeEntry.
    blobs: (JSON.parse(row.blobs) as BlobPairs).map(([name, sizeBytes]) => ({ name, sizeBytes })),
    details: JSON.parse(row.details) as StoredEntry['details'],
    durationMs: row.duration_ms,
    sizeBytes: row.size_bytes,
    createdAtMs: row.created_at,
    accessedAtMs: row.accessed_at,
    expiresAtMs: row.expires_at ?? undefined,
    hits: row.hits,
    writer: JSON.parse(row.writer) as Writer,
    restored: JSON.parse(row.restored) as string[],
    signature: row.signature === null ? undefined : (JSON.parse(row.signature) as RecordSignature),
    isQuarantined: row.state === ENTRY_STATES.QUARANTINED,
  }
}

export function writeEntry(entry: StoredEntry, tenantId: string): Selectable<EntriesTable> {
  const blobs: BlobPairs = entry.blobs.map(({ name, sizeBytes }) => [name, sizeBytes])
  return {
    id: entry.id,
    tenant_id: tenantId,
    scope: entry.scope,
    namespace: entry.namespace,
    key: entry.key,
    content: entry.content,
    blobs: JSON.stringify(blobs),
    details: JSON.stringify(entry.details),
    duration_ms: entry.durationMs,
    size_bytes: entry.sizeBytes,
    created_at: entry.createdAtMs,
    accessed_at: entry.accessedAtMs,
    expires_at: entry.expiresAtMs ?? null,
    hits: entry.hits,
    writer: JSON.stringify(entry.writer),
    restored: JSON.stringify(entry.restored),
    signature: entry.signature === undefined ? null : JSON.stringify(entry.signature),
    state: ENTRY_STATES.LIVE,
    state_at: entry.createdAtMs,
  }
}
