import type { Authenticator } from '../../trust/authenticator.ts'
import type { Credentials } from '../../trust/credentials.ts'
import { isFresh } from '../../trust/model/is-fresh.ts'
import type { Principal } from '../../trust/principal.ts'

/** An authenticator that remembers its answers for a moment. */
export interface PrincipalCache {
  /** Undefined where nothing is remembered: `authenticate` knows. */
  recall(credentials: Credentials): Principal | undefined
  authenticate(credentials: Credentials): Promise<Principal>
  /** Drops all that is remembered of a tenant's callers; they are looked up again. */
  forgetTenant(tenantId: string): void
}

/** How long a key that was revoked through another server process still works in this one. */
const REMEMBERED_MS = 5000
const MOST_REMEMBERED = 10_000

interface Remembered {
  readonly principal: Principal
  readonly sinceMs: number
  readonly forMs: number
}

/**
 * A job sends hundreds of requests in a row, and looking its token up is most of what a small one
 * costs. Refusals are not remembered: a key that was just made works at once.
 */
export function createPrincipalCache(
  authenticator: Pick<Authenticator, 'authenticate'>,
  now: () => number,
): PrincipalCache {
  const remembered = new Map<string, Remembered>()
  let forgotten = 0

  function recall(credentials: Credentials): Principal | undefined {
    const found = remembered.get(nameOf(credentials))
    if (found === undefined) return undefined
    return isFresh(found.sinceMs, found.forMs, now()) ? found.principal : undefined
  }

  function remember(credentials: Credentials, principal: Principal): void {
    // In the order of their making, which is also that of their end.
    const nowMs = now()
    for (const [name, { sinceMs, forMs }] of remembered) {
      if (remembered.size < MOST_REMEMBERED && isFresh(sinceMs, forMs, nowMs)) break
      remembered.delete(name)
    }
    const leftMs = (principal.expiresAtMs ?? Number.POSITIVE_INFINITY) - nowMs
    const forMs = Math.min(REMEMBERED_MS, leftMs)
    remembered.delete(nameOf(credentials))
    remembered.set(nameOf(credentials), { principal, sinceMs: nowMs, forMs })
  }

  return {
    recall,
    authenticate: async (credentials) => {
      // A copy: what others remember of a caller must end when we forget it.
      const before = forgotten
      const principal = { ...(await authenticator.authenticate(credentials)) }
      // What was looked up before somebody was forgotten may be that somebody.
      if (forgotten === before) remember(credentials, principal)
      return principal
    },
    forgetTenant: (tenantId) => {
      forgotten += 1
      for (const [name, { principal }] of remembered) {
        if (principal.tenantId === tenantId) remembered.delete(name)
      }
    },
  }
}

function nameOf({ authorization = '', certificate, remoteAddress }: Credentials): string {
  return `${remoteAddress} ${certificate?.fingerprint256 ?? ''} ${authorization}`
}
