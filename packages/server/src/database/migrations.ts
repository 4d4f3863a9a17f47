import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'
import { createEngineTables } from './migrations/0001-engine.ts'
import { createTrustTables } from './migrations/0002-trust.ts'
import { indexRemovedBad } from './migrations/0003-removed-bad.ts'
import type { DatabaseKind } from './schema.ts'

type Step = (database: Kysely<unknown>, kind: DatabaseKind) => Promise<void>

/** Every change of the tables, in order. One that was released is never edited: another one follows it. */
const STEPS: Readonly<Record<string, Step>> = {
  '0001-engine': createEngineTables,
  '0002-trust': createTrustTables,
  '0003-removed-bad': indexRemovedBad,
}

export function migrationsFor(kind: DatabaseKind): Readonly<Record<string, Migration>> {
  return Object.fromEntries(
    Object.entries(STEPS).map(([name, step]) => [
      name,
      { up: (database: Kysely<unknown>) => step(database, kind) },
    ]),
  )
}
