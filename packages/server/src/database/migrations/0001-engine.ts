import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { DatabaseKind } from '../schema.ts'

/** Text is compared byte by byte in both databases: prefixes are ranges, and order is the same. */
export function textType(kind: DatabaseKind): string {
  return kind === 'postgres' ? 'text collate "C"' : 'text'
}

/** Creates the tables of engine-tables.ts. */
export async function createEngineTables(
  database: Kysely<unknown>,
  kind: DatabaseKind,
): Promise<void> {
  for (const statement of [...tables(textType(kind)), ...INDEXES]) {
    await sql.raw(statement).execute(database)
  }
}

const tables = (text: string): readonly string[] => [
  `create table tenants (
    id ${text} primary key,
    name ${text} not null unique,
    created_at bigint not null,
    strategy ${text} not null default 'lru',
    scope_limit_bytes bigint,
    limit_bytes bigint,
    ttl_ms bigint
  )`,
  `insert into tenants (id, name, created_at) values ('default', 'default', 0)`,
  `create table scopes (
    tenant_id ${text} not null references tenants (id),
    name ${text} not null,
    level ${text} not null,
    trust integer not null,
    used_bytes bigint not null default 0,
    entries bigint not null default 0,
    entry_bytes bigint not null default 0,
    hits bigint not null default 0,
    misses bigint not null default 0,
    saves bigint not null default 0,
    evictions bigint not null default 0,
    saved_ms bigint not null default 0,
    primary key (tenant_id, name)
  )`,
  `create table entries (
    id ${text} primary key,
    tenant_id ${text} not null,
    scope ${text} not null,
    namespace ${text} not null,
    key ${text} not null,
    content ${text} not null,
    blobs text not null,
    details text not null,
    duration_ms bigint not null,
    size_bytes bigint not null,
    created_at bigint not null,
    accessed_at bigint not null,
    expires_at bigint,
    hits bigint not null default 0,
    writer text not null,
    restored text not null,
    signature text,
    state integer not null default 0,
    state_at bigint not null,
    foreign key (tenant_id, scope) references scopes (tenant_id, name)
  )`,
  `create table blobs (
    object_key ${text} primary key,
    tenant_id ${text} not null,
    scope ${text} not null,
    name ${text} not null,
    size_bytes bigint not null,
    refs bigint not null default 0,
    borrowed bigint not null default 0,
    is_counted integer not null default 1,
    kept_until bigint not null,
    created_at bigint not null,
    foreign key (tenant_id, scope) references scopes (tenant_id, name)
  )`,
  `create table entry_blobs (
    entry_id ${text} not null references entries (id) on delete cascade,
    object_key ${text} not null references blobs (object_key),
    primary key (entry_id, object_key)
  )`,
  // The restored entry may be long gone: what came of it still counts as made from it.
  `create table entry_restores (
    entry_id ${text} not null references entries (id) on delete cascade,
    restored_id ${text} not null,
    primary key (entry_id, restored_id)
  )`,
  `create table loose_objects (
    object_key ${text} primary key,
    tenant_id ${text} not null,
    scope ${text} not null,
    name ${text} not null,
    size_bytes bigint not null,
    sha256 ${text},
    is_counted integer not null default 1,
    expires_at bigint not null,
    foreign key (tenant_id, scope) references scopes (tenant_id, name)
  )`,
  `create table audit_heads (
    tenant_id ${text} primary key references tenants (id),
    lines bigint not null,
    chain ${text} not null
  )`,
  `create table audit_lines (
    tenant_id ${text} not null references tenants (id),
    number bigint not null,
    line text not null,
    primary key (tenant_id, number)
  )`,
]

const INDEXES: readonly string[] = [
  // Write-once: a key has one entry that answers, in each scope.
  `create unique index entries_live on entries (tenant_id, scope, namespace, key) where state = 0`,
  `create index entries_newest on entries (tenant_id, scope, namespace, id)`,
  `create index entries_of_scope on entries (tenant_id, scope, id)`,
  `create index entries_of_namespace on entries (tenant_id, namespace, id)`,
  `create index entries_of_tenant on entries (tenant_id, id)`,
  `create index entries_lru on entries (tenant_id, scope, accessed_at) where state = 0`,
  `create index entries_lfu on entries (tenant_id, scope, hits, accessed_at) where state = 0`,
  `create index entries_expiring on entries (tenant_id, scope, expires_at)
    where state = 0 and expires_at is not null`,
  `create index entries_expired on entries (expires_at) where state = 0 and expires_at is not null`,
  `create index entries_removed on entries (state_at) where state = 2`,
  `create index entries_quarantined on entries (state_at) where state = 1`,
  `create unique index blobs_by_name on blobs (tenant_id, name, scope)`,
  `create index blobs_unneeded on blobs (kept_until) where refs = 0 and borrowed = 0`,
  `create index blobs_of_scope on blobs (tenant_id, scope)`,
  `create index entries_of_blob on entry_blobs (object_key)`,
  `create index entries_made_from on entry_restores (restored_id)`,
  `create index loose_objects_by_name on loose_objects (tenant_id, scope, name)`,
  `create index loose_objects_expired on loose_objects (expires_at)`,
]
