import type { HashAlgorithm } from '../hashing/hash-algorithm.ts'
import type { Report } from '../model/events.ts'
import type { Database } from './database/database.ts'
import type { UseLog } from './entries/use-log.ts'

/** An open local store: its index, its blobs, and what everything that works on them needs. */
export interface Store {
  readonly database: Database
  /** Absolute; holds `cache.db`, `audit.log` and `blobs/`. */
  readonly cacheDirectory: string
  readonly algorithm: HashAlgorithm
  /** Names this process in `sessions`. */
  readonly sessionId: string
  readonly report: Report
  /** Takes what is looked up. */
  readonly uses: UseLog
  /** Milliseconds since 1970. */
  now(): number
}
