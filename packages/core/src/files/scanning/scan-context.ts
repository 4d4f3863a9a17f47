import type { HashAlgorithm } from '../../hashing/hash-algorithm.ts'
import type { StatCache } from './stat-cache.ts'

/** What reading the work tree needs. */
export interface ScanContext {
  readonly algorithm: HashAlgorithm
  readonly statCache: StatCache
  /** Milliseconds since 1970, by the clock that the file system uses for file times. */
  now(): number
  /** Called after each directory with the number of names in it. */
  readonly onProgress?: (names: number) => void
}

/*
 * What changed this shortly before it was looked at may change again within the same tick of the
 * file system's clock, and look the same after: it is not remembered (git calls such entries "racily
 * clean"). Both times count, because programs that unpack or build set the first one to what they
 * like. Kernels tick every 1 to 10 ms; a time without fraction of a second comes from a file system
 * that counts in one or two seconds.
 */
const TICK_MS = 20
const COARSE_TICK_MS = 2_000

/** The times of a name, as `lstat` gives them. */
interface ChangeTimes {
  readonly mtimeMs: number
  readonly ctimeMs: number
}

/** The `mtimeMs` to remember: NaN, which never compares equal, for what changed just now. */
export function rememberedTime({ mtimeMs, ctimeMs }: ChangeTimes, checkedAtMs: number): number {
  return isRecent(mtimeMs, checkedAtMs) || isRecent(ctimeMs, checkedAtMs) ? Number.NaN : mtimeMs
}

function isRecent(timeMs: number, checkedAtMs: number): boolean {
  const tickMs = timeMs % 1_000 === 0 ? COARSE_TICK_MS : TICK_MS
  return timeMs >= checkedAtMs - tickMs
}
