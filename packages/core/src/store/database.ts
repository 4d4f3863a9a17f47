/** What SQLite takes and gives: integers beyond 2^53 do not occur. */
export type SqlValue = string | number | null | Uint8Array

export type Row = Readonly<Record<string, SqlValue>>

export interface Statement {
  /** The first row, or undefined. */
  get(...values: SqlValue[]): Row | undefined
  all(...values: SqlValue[]): Row[]
  run(...values: SqlValue[]): { readonly changes: number; readonly lastInsertRowid: number }
}

/**
 * One connection to `cache.db`. Which SQLite binding is underneath shows nowhere else.
 * Every failure is a TaskVaultError: DATABASE_CORRUPT, DATABASE_BUSY, DISK_FULL, PERMISSION_DENIED,
 * or DATABASE_UNAVAILABLE.
 */
export interface Database extends Disposable {
  /** The prepared statement for `sql`; prepared once per connection, so `sql` must be constant. */
  prepare(sql: string): Statement
  exec(sql: string): void
  /**
   * Runs `work` under the write lock (BEGIN IMMEDIATE) and commits; rolls back when it throws.
   * A `durable` commit is on the disk when this returns; others survive the death of the process,
   * but may be lost with the machine's power.
   */
  transaction<Result>(durability: 'durable' | 'relaxed', work: () => Result): Result
}
