/*
 * The tables of entries and blobs. Times are milliseconds since 1970, sizes are bytes, truth values are
 * 0 and 1, everything structured is JSON; so both databases hold the same values.
 *
 * Every table that belongs to a tenant carries its id, and every query names it.
 */
export interface EngineTables {
  tenants: TenantsTable
  scopes: ScopesTable
  entries: EntriesTable
  entry_blobs: EntryBlobsTable
  entry_restores: EntryRestoresTable
  blobs: BlobsTable
  loose_objects: LooseObjectsTable
  audit_heads: AuditHeadsTable
  audit_lines: AuditLinesTable
}

export interface TenantsTable {
  /** One segment of an object's key: `[a-z0-9-]`. */
  id: string
  name: string
  created_at: number
  strategy: 'lru' | 'lfu' | 'fifo'
  /** What each scope, and all of them together, may hold; null: the server's own limit. */
  scope_limit_bytes: number | null
  limit_bytes: number | null
  /** How long an entry lives at most; null: as long as it wishes. */
  ttl_ms: number | null
}

export interface ScopesTable {
  tenant_id: string
  name: string
  level: string
  trust: number
  /** Bytes of its blobs that entries of its own need, or that were sent and wait for one, or are on their way. */
  used_bytes: number
  entries: number
  entry_bytes: number
  hits: number
  misses: number
  saves: number
  evictions: number
  saved_ms: number
}

/**
 * `LIVE` entries answer; `QUARANTINED` ones are shown; `REMOVED` ones are kept for what descends from them, and
 * those that were quarantined before, `REMOVED_BAD`, for what is still being made from them.
 */
export const ENTRY_STATES = { LIVE: 0, QUARANTINED: 1, REMOVED: 2, REMOVED_BAD: 3 } as const

export interface EntriesTable {
  /** Grows with time: a higher one is newer. */
  id: string
  tenant_id: string
  scope: string
  namespace: string
  key: string
  content: string
  blobs: string
  details: string
  duration_ms: number
  size_bytes: number
  created_at: number
  accessed_at: number
  expires_at: number | null
  hits: number
  writer: string
  restored: string
  signature: string | null
  state: number
  /** When it came into its state. */
  state_at: number
}

export interface EntryBlobsTable {
  entry_id: string
  object_key: string
}

/** What the job that wrote `entry_id` had restored before. */
export interface EntryRestoresTable {
  entry_id: string
  restored_id: string
}

/** Bytes that a scope has. One object belongs to one row, and its key is never used twice. */
export interface BlobsTable {
  object_key: string
  tenant_id: string
  scope: string
  name: string
  size_bytes: number
  /** Live entries of its own scope that need it. */
  refs: number
  /** Live entries of less trusted scopes that need it. */
  borrowed: number
  /** Whether its size is part of the scope's `used_bytes`. */
  is_counted: number
  /** Until then nobody collects it, even if no entry needs it. */
  kept_until: number
  created_at: number
}

/** Objects that exist, or may, and belong to no blob: on their way in, or on their way out. */
export interface LooseObjectsTable {
  object_key: string
  tenant_id: string
  scope: string
  name: string
  size_bytes: number
  /** What the bucket checks a direct upload against; null for one through the server. */
  sha256: string | null
  /** Whether its size is part of the scope's `used_bytes`. */
  is_counted: number
  /** Then the object is deleted. */
  expires_at: number
}

export interface AuditHeadsTable {
  tenant_id: string
  lines: number
  chain: string
}

export interface AuditLinesTable {
  tenant_id: string
  /** From 1. */
  number: number
  /** Without its line feed. */
  line: string
}
