import type { Allowance } from './callers/token-bucket.ts'

/** What a server lets its callers do. Every one of these is there because without it one caller can stop all. */
export interface HttpLimits {
  /** From the connection, or the end of the request before, to the end of the headers. */
  readonly headersTimeoutMs: number
  /** A body may take this, and then what its bytes need at the least rate. */
  readonly bodyGraceMs: number
  readonly leastBytesPerSecond: number
  /** Without any byte taken by a reader, a download ends. */
  readonly stallTimeoutMs: number
  readonly keepAliveMs: number
  readonly maxHeaderBytes: number
  readonly maxJsonBytes: number
  readonly maxBlobBytes: number
  readonly maxConnections: number
  /** Per tenant, in this process. */
  readonly requests: Allowance
  readonly bytes: Allowance
  /** Per address: requests for a session, which cost more than others and come from strangers. */
  readonly sessions: Allowance
}

const MIB = 1024 ** 2

export const DEFAULT_LIMITS: HttpLimits = {
  headersTimeoutMs: 10_000,
  bodyGraceMs: 10_000,
  leastBytesPerSecond: 64 * 1024,
  stallTimeoutMs: 30_000,
  keepAliveMs: 15_000,
  maxHeaderBytes: 16 * 1024,
  maxJsonBytes: 4 * MIB,
  maxBlobBytes: 5 * 1024 * MIB,
  maxConnections: 4096,
  requests: { perSecond: 2000, burst: 20_000 },
  bytes: { perSecond: 1024 * MIB, burst: 16 * 1024 * MIB },
  sessions: { perSecond: 20, burst: 200 },
}

/** The longest that any request may take to arrive, by the largest body that there is. */
export function longestRequestMs(limits: HttpLimits): number {
  const largest = Math.max(limits.maxBlobBytes, limits.maxJsonBytes)
  return (
    limits.headersTimeoutMs + limits.bodyGraceMs + (largest / limits.leastBytesPerSecond) * 1000
  )
}
