import { sql } from 'kysely'
import type { Database } from '../../database/schema.ts'

/** Where the database's counts are not what counting gives; empty when all is well. */
export async function findMiscounts(database: Database): Promise<readonly string[]> {
  const { rows: scopes } = await sql<Record<string, unknown>>`
    select * from (
      select s.tenant_id, s.name, s.used_bytes, s.entries, s.entry_bytes,
        (select coalesce(sum(size_bytes), 0) from blobs b
          where b.tenant_id = s.tenant_id and b.scope = s.name and is_counted = 1)
        + (select coalesce(sum(size_bytes), 0) from loose_objects l
          where l.tenant_id = s.tenant_id and l.scope = s.name and is_counted = 1) as real_used,
        (select count(*) from entries e
          where e.tenant_id = s.tenant_id and e.scope = s.name and e.state = 0) as real_entries,
        (select coalesce(sum(size_bytes), 0) from entries e
          where e.tenant_id = s.tenant_id and e.scope = s.name and e.state = 0) as real_bytes
      from scopes s) counted
    where used_bytes <> real_used or entries <> real_entries or entry_bytes <> real_bytes
      or used_bytes < 0`.execute(database)
  const { rows: blobs } = await sql<Record<string, unknown>>`
    select * from (
      select b.object_key, b.name, b.scope, b.refs, b.borrowed, b.is_counted,
        (select count(*) from entry_blobs n join entries e on e.id = n.entry_id
          where n.object_key = b.object_key and e.scope = b.scope) as real_refs,
        (select count(*) from entry_blobs n join entries e on e.id = n.entry_id
          where n.object_key = b.object_key and e.scope <> b.scope) as real_borrowed
      from blobs b) counted
    where refs <> real_refs or borrowed <> real_borrowed or (refs > 0 and is_counted = 0)`.execute(
    database,
  )
  return [...scopes, ...blobs].map((row) => JSON.stringify(row))
}
