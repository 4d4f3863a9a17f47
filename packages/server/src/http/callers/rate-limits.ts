import type { Principal } from '../../trust/principal.ts'
import { Refusal } from '../errors/refusal.ts'
import type { HttpLimits } from '../limits.ts'
import { createTokenBuckets } from './token-bucket.ts'

/** What each tenant may use of this process. @throws {TaskVaultError} RATE_LIMITED, with Retry-After. */
export interface RateLimits {
  countRequest(who: Principal): void
  /** Bytes that will pass through the server, in either direction. */
  countBytes(who: Principal, bytes: number): void
  countSession(remoteAddress: string): void
}

export function createRateLimits(limits: HttpLimits, now: () => number): RateLimits {
  const requests = createTokenBuckets(limits.requests, now)
  const bytes = createTokenBuckets(limits.bytes, now)
  const sessions = createTokenBuckets(limits.sessions, now)
  return {
    countRequest: ({ tenantId }) => refuseAfter(requests.take(tenantId, 1), 'requests'),
    countBytes: ({ tenantId }, amount) => refuseAfter(bytes.take(tenantId, amount), 'bytes'),
    countSession: (address) => refuseAfter(sessions.take(address, 1), 'sessions'),
  }
}

function refuseAfter(waitSeconds: number, what: string): void {
  if (waitSeconds === 0) return
  throw new Refusal('RATE_LIMITED', `Too many ${what} in a short time`, {
    hint: `Try again after ${waitSeconds} s.`,
    headers: { 'retry-after': String(waitSeconds) },
  })
}
