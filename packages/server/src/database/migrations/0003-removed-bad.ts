import { sql } from 'kysely'
import type { Kysely } from 'kysely'

/** Finds entries that were quarantined and removed, as `entries_removed` finds the others. */
export async function indexRemovedBad(database: Kysely<unknown>): Promise<void> {
  await sql`create index entries_removed_bad on entries (state_at) where state = 3`.execute(
    database,
  )
}
