import type { StatCache } from '../files/stat-cache.ts'
import type { Database } from './database/database.ts'
import { forgetting } from './forgetting.ts'

/**
 * The stat cache in `cache.db`, for one hash algorithm: digests of another mean nothing, and have the
 * same length more often than not. Written rows wait in memory until `flush`, which stores them in one
 * transaction. A database that cannot be read or written makes it forget, never fail.
 */
export function createStatCacheTable(database: Database, algorithm: string): StatCache {
  const waiting = new Map<string, Uint8Array>()
  return {
    read: (directory) =>
      waiting.get(directory) ?? forgetting(() => readRow(database, algorithm, directory)),
    write: (directory, listing) => void waiting.set(directory, listing),
    flush: () => {
      if (waiting.size === 0) return
      forgetting(() => writeRows(database, algorithm, waiting))
      waiting.clear()
    },
  }
}

function readRow(database: Database, algorithm: string, directory: string): Uint8Array | undefined {
  const row = database
    .prepare('SELECT listing FROM stat_cache WHERE directory = ? AND algorithm = ?')
    .get(directory, algorithm)
  const listing = row?.['listing']
  return listing instanceof Uint8Array ? listing : undefined
}

function writeRows(
  database: Database,
  algorithm: string,
  rows: ReadonlyMap<string, Uint8Array>,
): void {
  const write = database.prepare(
    'INSERT OR REPLACE INTO stat_cache (directory, algorithm, listing) VALUES (?, ?, ?)',
  )
  database.transaction('relaxed', () => {
    for (const [directory, listing] of rows) write.run(directory, algorithm, listing)
  })
}
