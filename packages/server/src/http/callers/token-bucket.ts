/** How much is allowed: `perSecond` on average, and `burst` at once. */
export interface Allowance {
  readonly perSecond: number
  readonly burst: number
}

/** Token buckets by name. */
export interface TokenBuckets {
  /**
   * Takes `amount` when at least 1 is in the bucket, even when that leaves it in debt: a transfer's size
   * is not known to be too much before it is paid for. Gives 0, or the seconds to wait until
   * something is in the bucket again, and then takes nothing.
   */
  take(name: string, amount: number): number
}

interface Bucket {
  level: number
  atMs: number
}

/** More names than this at once: those that are full again are forgotten. */
const MOST_BUCKETS = 10_000

/** `now` gives milliseconds. An endless allowance keeps nothing. */
export function createTokenBuckets(allowance: Allowance, now: () => number): TokenBuckets {
  const { perSecond, burst } = allowance
  if (perSecond === Number.POSITIVE_INFINITY) return { take: () => 0 }
  const buckets = new Map<string, Bucket>()
  const levelAt = ({ level, atMs }: Bucket, ms: number): number =>
    Math.min(burst, level + (Math.max(0, ms - atMs) / 1000) * perSecond)

  function makeRoom(ms: number): void {
    if (buckets.size < MOST_BUCKETS) return
    for (const [name, bucket] of buckets) {
      if (levelAt(bucket, ms) >= burst) buckets.delete(name)
    }
    // All are in use, which only an attack does: the one that was made first begins anew.
    const [oldest] = buckets.keys()
    if (buckets.size >= MOST_BUCKETS && oldest !== undefined) buckets.delete(oldest)
  }

  return {
    take: (name, amount) => {
      const ms = now()
      const bucket = buckets.get(name)
      // Set back, the clock would let nothing come in until it is where it was.
      if (bucket !== undefined) bucket.atMs = Math.min(bucket.atMs, ms)
      const level = bucket === undefined ? burst : levelAt(bucket, ms)
      if (level < 1) return Math.max(1, Math.ceil((1 - level) / perSecond))
      if (bucket === undefined) {
        makeRoom(ms)
        buckets.set(name, { level: level - amount, atMs: ms })
      } else {
        bucket.level = level - amount
        bucket.atMs = ms
      }
      return 0
    },
  }
}
