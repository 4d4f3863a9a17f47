import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { DatabaseKind } from '../schema.ts'
import { textType } from './0001-engine.ts'

/** Creates the tables of trust-tables.ts. */
export async function createTrustTables(
  database: Kysely<unknown>,
  kind: DatabaseKind,
): Promise<void> {
  for (const statement of [...tables(textType(kind)), ...INDEXES]) {
    await sql.raw(statement).execute(database)
  }
}

const tables = (text: string): readonly string[] => [
  `create table api_keys (
    id ${text} primary key,
    tenant_id ${text} not null references tenants (id),
    name ${text} not null,
    role ${text} not null,
    digest ${text} not null,
    project ${text} not null,
    writes ${text} not null,
    reads text not null,
    addresses text not null,
    created_at bigint not null,
    expires_at bigint not null,
    revoked_at bigint
  )`,
  `create table sessions (
    id ${text} primary key,
    tenant_id ${text} not null references tenants (id),
    digest ${text} not null,
    access text not null,
    key_id ${text} references api_keys (id),
    token_id ${text},
    job ${text},
    binding ${text},
    created_at bigint not null,
    expires_at bigint not null,
    closed_at bigint
  )`,
  // The entry may be removed while the session that restored it goes on.
  `create table session_restores (
    session_id ${text} not null references sessions (id) on delete cascade,
    entry_id ${text} not null,
    primary key (session_id, entry_id)
  )`,
  `create table used_tokens (
    id ${text} primary key,
    closed_at bigint,
    expires_at bigint not null
  )`,
  `create table signing_keys (
    tenant_id ${text} not null references tenants (id),
    key_id ${text} not null,
    public_key ${text} not null,
    sealed text not null,
    created_at bigint not null,
    revoked_at bigint,
    primary key (tenant_id, key_id)
  )`,
]

const INDEXES: readonly string[] = [
  `create index api_keys_of_tenant on api_keys (tenant_id, created_at)`,
  `create index sessions_expired on sessions (expires_at)`,
  `create index sessions_of_token on sessions (token_id) where token_id is not null`,
  `create index sessions_of_job on sessions (job) where job is not null`,
  `create index used_tokens_expired on used_tokens (expires_at)`,
]
