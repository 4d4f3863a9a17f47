export type EvictionStrategy = 'lru' | 'lfu' | 'fifo'

/** One block under `policies:`; what it leaves out comes from a less specific one. */
export interface PolicyFields {
  readonly ttlSeconds?: number
  readonly maxSizeBytes?: number
  readonly strategy?: EvictionStrategy
  /** Whether failing results are remembered; they are not, unless a policy says so. */
  readonly cacheFailures?: boolean
  /** Whether this task or branch may write entries; read-only when false. */
  readonly write?: boolean
}

/** What applies to one task on one branch, every field decided. */
export interface ResolvedPolicy {
  /** Undefined: entries do not expire. */
  readonly ttlSeconds: number | undefined
  /** Undefined: no limit for a single entry. */
  readonly maxSizeBytes: number | undefined
  readonly strategy: EvictionStrategy
  readonly cacheFailures: boolean
  readonly write: boolean
}
