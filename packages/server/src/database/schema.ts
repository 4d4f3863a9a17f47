import type { Kysely, Transaction } from 'kysely'
import type { EngineTables } from './engine-tables.ts'

/** All tables of a server's database. */
export type Schema = EngineTables

export type Database = Kysely<Schema>
export type DatabaseTransaction = Transaction<Schema>

export type DatabaseKind = 'sqlite' | 'postgres'
