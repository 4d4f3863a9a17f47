import type { Kysely, Transaction } from 'kysely'
import type { EngineTables } from './engine-tables.ts'
import type { TrustTables } from './trust-tables.ts'

/** All tables of a server's database. */
export type Schema = EngineTables & TrustTables

export type Database = Kysely<Schema>
export type DatabaseTransaction = Transaction<Schema>

export type DatabaseKind = 'sqlite' | 'postgres'
