import { digestToBytes } from '../../model/digest.ts'
import type { Digest } from '../../model/digest.ts'
import type { Manifest } from '../../model/manifest.ts'
import type { EvictionStrategy } from '../../model/policy.ts'
import type { Database } from '../database/database.ts'
import { encodeEntryMetadata } from './entry-metadata.ts'

export interface NewEntry {
  readonly manifest: Manifest
  readonly manifestBlob: { readonly digest: Digest; readonly sizeBytes: number }
  readonly blobNumbers: readonly number[]
  readonly strategy: EvictionStrategy
  readonly createdAtMs: number
  readonly expiresAtMs: number | undefined
}

/** Writes the rows of an entry and of its manifest's blob; must run inside a transaction. */
export function insertEntry(database: Database, entry: NewEntry): void {
  const { manifest, manifestBlob, createdAtMs } = entry
  const blob = database
    .prepare(
      `INSERT INTO blobs (digest, size, created_at) VALUES (?, ?, ?)
       ON CONFLICT (digest) DO UPDATE SET created_at = excluded.created_at RETURNING number`,
    )
    .get(digestToBytes(manifestBlob.digest), manifestBlob.sizeBytes, createdAtMs)
  const { lastInsertRowid } = database
    .prepare(
      `INSERT INTO cache_entries
         (hash, scope, task, metadata, created_at, accessed_at, expires_at, size, blob_path, strategy)
       VALUES (?, ?, ?, ?, ?, max(?, (SELECT coalesce(max(accessed_at), 0) + 1 FROM cache_entries)), ?, ?, ?, ?)`,
    )
    .run(
      manifest.key,
      manifest.scope,
      manifest.task,
      encodeEntryMetadata(manifest),
      createdAtMs,
      createdAtMs,
      entry.expiresAtMs ?? null,
      manifest.sizeBytes,
      `blobs/${manifestBlob.digest}`,
      entry.strategy,
    )
  const need = database.prepare('INSERT INTO entry_blobs (entry, blob) VALUES (?, ?)')
  for (const number of new Set([Number(blob?.['number']), ...entry.blobNumbers]))
    need.run(lastInsertRowid, number)
}
