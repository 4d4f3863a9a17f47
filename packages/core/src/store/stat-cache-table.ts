import { isTaskVaultError } from '../errors.ts'
import type { StatCache } from '../files/stat-cache.ts'
import type { Database } from './database.ts'

/**
 * The stat cache in `cache.db`. Written rows wait in memory until `flush`, which stores them in one
 * transaction. A database that cannot be read or written makes it forget, never fail.
 */
export function createStatCacheTable(database: Database): StatCache {
  const waiting = new Map<string, Uint8Array>()
  return {
    read: (directory) => waiting.get(directory) ?? forgetting(() => readRow(database, directory)),
    write: (directory, listing) => void waiting.set(directory, listing),
    flush: () => {
      if (waiting.size === 0) return
      forgetting(() => writeRows(database, waiting))
      waiting.clear()
    },
  }
}

function readRow(database: Database, directory: string): Uint8Array | undefined {
  const row = database.prepare('SELECT listing FROM stat_cache WHERE directory = ?').get(directory)
  const listing = row?.['listing']
  return listing instanceof Uint8Array ? listing : undefined
}

function writeRows(database: Database, rows: ReadonlyMap<string, Uint8Array>): void {
  const write = database.prepare(
    'INSERT OR REPLACE INTO stat_cache (directory, listing) VALUES (?, ?)',
  )
  database.transaction('relaxed', () => {
    for (const [directory, listing] of rows) write.run(directory, listing)
  })
}

function forgetting<Result>(work: () => Result): Result | undefined {
  try {
    return work()
  } catch (error) {
    if (!isTaskVaultError(error)) throw error
    return undefined
  }
}
