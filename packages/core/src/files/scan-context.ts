import type { HashAlgorithm } from '../hashing/hash-algorithm.ts'
import type { StatCache } from './stat-cache.ts'

/** What reading the work tree needs. */
export interface ScanContext {
  readonly algorithm: HashAlgorithm
  readonly statCache: StatCache
  /** Milliseconds since 1970, by the clock that the file system uses for its times. */
  now(): number
  /** Called after each directory with the number of names in it. */
  readonly onProgress?: (names: number) => void
}

/*
 * A file that changed this shortly before it was read may change again within the same tick of the
 * file system's clock, and look the same after: its digest is not remembered (git calls such entries
 * "racily clean"). Kernels tick every 1 to 10 ms; a time without fraction of a second comes from a
 * file system that counts in one or two seconds.
 */
const TICK_MS = 20
const COARSE_TICK_MS = 2_000

/** The change time to remember: NaN, which never compares equal, for a file changed just now. */
export function rememberedTime(mtimeMs: number, checkedAtMs: number): number {
  const tickMs = mtimeMs % 1_000 === 0 ? COARSE_TICK_MS : TICK_MS
  return mtimeMs >= checkedAtMs - tickMs ? Number.NaN : mtimeMs
}
