/** What SQLite takes and gives: integers beyond 2^53 do not occur. */
export type SqlValue = string | number | null | Uint8Array

export type Row = Readonly<Record<string, SqlValue>>

export interface Statement {
  /** The first row, or undefined. */
  get(...values: SqlValue[]): Row | undefined
  all(...values: SqlValue[]): Row[]
  run(...values: SqlValue[]): { readonly changes: number; readonly lastInsertRowid: number }
}

/** What a commit survives: the death of the process, or a loss of power too. */
export type Durability = 'relaxed' | 'durable'

/**
 * One connection to `cache.db`. Which SQLite binding is underneath shows nowhere else.
 * Every failure is a TaskVaultError: DATABASE_CORRUPT, DATABASE_BUSY, DISK_FULL, PERMISSION_DENIED,
 * TOO_MANY_OPEN_FILES or DATABASE_UNAVAILABLE. The suite is testing/describe-database.ts.
 */
export interface Database extends Disposable {
  /** Whether nothing can be written here; every transaction is refused with PERMISSION_DENIED. */
  readonly isReadOnly: boolean
  /** The prepared statement for `sql`; prepared once per connection, so `sql` must be constant. */
  prepare(sql: string): Statement
  exec(sql: string): void
  /**
   * Runs `work` under the write lock (BEGIN IMMEDIATE) and commits; rolls back when it throws.
   * A `durable` commit is on the disk when this returns; others survive the death of the process,
   * but may be lost with the machine's power. Transactions do not nest.
   */
  transaction<Result>(durability: Durability, work: () => Result): Result
  /**
   * Connects again when another file has taken the name of the one that is open, as after a rebuild
   * by another process; statements go on to work.
   * @returns whether it was so: what was committed just before went to a file that nobody reads.
   */
  followReplacement(): boolean
}
