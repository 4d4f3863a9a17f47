import type { Store } from '../store.ts'

/** Totals over the whole store. */
export interface StoreStatistics {
  readonly entries: number
  /** Raw bytes of all entries' outputs; shared contents are counted each time. */
  readonly entryBytes: number
  /** Bytes that the blobs take on disk. */
  readonly storedBytes: number
  readonly limitBytes: number
  readonly hits: number
  readonly misses: number
  readonly saves: number
  readonly evictions: number
  /** Working time that hits saved. */
  readonly savedMs: number
}

/** Reads the one row that triggers keep: the same cost for any number of entries. */
export function readStatistics(
  store: Pick<Store, 'database'>,
  limitBytes: number,
): StoreStatistics {
  const row = store.database.prepare('SELECT * FROM totals WHERE id = 1').get()
  const read = (name: string): number => Number(row?.[name] ?? 0)
  return {
    entries: read('entries'),
    entryBytes: read('entry_bytes'),
    storedBytes: read('stored_bytes'),
    limitBytes,
    hits: read('hits'),
    misses: read('misses'),
    saves: read('saves'),
    evictions: read('evictions'),
    savedMs: read('saved_ms'),
  }
}
