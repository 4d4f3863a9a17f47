import { EVICTION_STRATEGIES } from '../../model/policy.ts'
import type { EvictionStrategy } from '../../model/policy.ts'
import type { EvictionCandidate, EvictionQueues } from '../../model/retention.ts'
import type { Row, SqlValue } from '../database/database.ts'
import type { Store } from '../store.ts'

/**
 * How each queue goes on after the last row of a page. Each statement follows an index from where it
 * stopped; none sorts, and none reads rows that it does not return.
 */
export const QUEUE_STATEMENTS: Readonly<Record<'expired' | EvictionStrategy, string>> = {
  expired: `
    SELECT number, accessed_at, expires_at FROM cache_entries
    WHERE expires_at <= ?1 AND (expires_at, number) > (?2, ?3)
    ORDER BY expires_at, number LIMIT ?4`,
  lru: `
    SELECT number, accessed_at FROM cache_entries
    WHERE strategy = 'lru' AND (accessed_at, number) > (?1, ?2)
    ORDER BY accessed_at, number LIMIT ?3`,
  lfu: `
    SELECT number, hits, accessed_at FROM cache_entries
    WHERE strategy = 'lfu' AND (hits, accessed_at, number) > (?1, ?2, ?3)
    ORDER BY hits, accessed_at, number LIMIT ?4`,
  fifo: `
    SELECT number, accessed_at FROM cache_entries
    WHERE strategy = 'fifo' AND number > ?1
    ORDER BY number LIMIT ?2`,
}

/** Columns that a page is continued by, in the order of its statement's parameters. */
const CONTINUED_BY: Readonly<Record<'expired' | EvictionStrategy, readonly string[]>> = {
  expired: ['expires_at', 'number'],
  lru: ['accessed_at', 'number'],
  lfu: ['hits', 'accessed_at', 'number'],
  fifo: ['number'],
}

/** The queues as they stand in the index; read page by page, so inside one transaction. */
export function openEvictionQueues(store: Store): EvictionQueues {
  const [lru, lfu, fifo] = EVICTION_STRATEGIES.map((strategy) => readQueue(store, strategy, []))
  if (lru === undefined || lfu === undefined || fifo === undefined)
    throw new Error('three strategies')
  return { expired: readQueue(store, 'expired', [store.now()]), byStrategy: { lru, lfu, fifo } }
}

const FIRST_PAGE = 8
const LARGEST_PAGE = 256

function* readQueue(
  store: Store,
  queue: 'expired' | EvictionStrategy,
  parameters: readonly SqlValue[],
): Generator<EvictionCandidate> {
  const select = store.database.prepare(QUEUE_STATEMENTS[queue])
  let continued: readonly SqlValue[] = CONTINUED_BY[queue].map(() => -1)
  for (let page = FIRST_PAGE; ; page = Math.min(page * 2, LARGEST_PAGE)) {
    const rows = select.all(...parameters, ...continued, page)
    for (const row of rows) yield toCandidate(store, row)
    const last = rows.at(-1)
    if (last === undefined || rows.length < page) return
    continued = CONTINUED_BY[queue].map((column) => last[column] ?? -1)
  }
}

function toCandidate(store: Store, row: Row): EvictionCandidate {
  const number = Number(row['number'])
  const blobs = store.database
    .prepare(
      `SELECT b.number, b.size, b.refs FROM entry_blobs AS e JOIN blobs AS b ON b.number = e.blob
       WHERE e.entry = ?`,
    )
    .all(number)
  return {
    number,
    accessedAtMs: Number(row['accessed_at']),
    blobs: blobs.map((blob) => ({
      number: Number(blob['number']),
      sizeBytes: Number(blob['size']),
      refs: Number(blob['refs']),
    })),
  }
}
