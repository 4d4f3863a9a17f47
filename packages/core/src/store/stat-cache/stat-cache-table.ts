import type { StatCache } from '../../files/scanning/stat-cache.ts'
import type { Database } from '../database/database.ts'
import { forgetting } from '../forgetting.ts'
import { placeOf } from './listing-page.ts'
import { findPage, writeListings } from './stat-pages.ts'
import type { StatPage } from './stat-pages.ts'

/**
 * The stat cache in `cache.db`, for one hash algorithm: digests of another mean nothing, and have the
 * same length more often than not. Written listings wait in memory until `flush`, which stores them in one
 * transaction. A database that cannot be read or written makes it forget, never fail.
 */
export function createStatCacheTable(database: Database, algorithm: string): StatCache {
  const waiting = new Map<string, Uint8Array>()
  // Walks come to directories in the order of the pages.
  let open: StatPage | undefined

  function read(directory: string): Uint8Array | undefined {
    const listing = open?.listings.get(directory)
    if (listing !== undefined) return listing
    const place = placeOf(directory)
    open = forgetting(() => findPage(database, algorithm, { place, known: open })) ?? open
    return open?.listings.get(directory)
  }

  return {
    read: (directory) => waiting.get(directory) ?? read(directory),
    write: (directory, listing) => void waiting.set(directory, listing),
    flush: () => {
      if (waiting.size === 0) return
      forgetting(() => writeListings(database, algorithm, waiting))
      waiting.clear()
      open = undefined
    },
  }
}
