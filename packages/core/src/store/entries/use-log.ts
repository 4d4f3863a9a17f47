import type { AuditEvent } from '../../model/audit-line.ts'

/** A look-up, and what came of it. */
export interface Use {
  /** `HIT` or `MISS`, with its time. */
  readonly event: AuditEvent
  /** Undefined: a miss. */
  readonly hit: EntryUse | undefined
}

export interface EntryUse {
  /** Of the entry that was found. */
  readonly number: number
  readonly savedMs: number
}

/**
 * Where look-ups are written down: at once where there are few, and together, shortly after, where there
 * are many. Whoever reads what it writes, past a transaction, flushes it first.
 */
export interface UseLog {
  add(use: Use): void
  /** Writes down what waits. Trouble is reported: a hit is one even when it cannot be written down. */
  flush(): void
}
