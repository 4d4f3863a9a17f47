import { randomBytes } from 'node:crypto'
import type { Authenticator } from '../../trust/authenticator.ts'
import type { Credentials } from '../../trust/credentials.ts'
import { FIRST_TENANT } from '../../trust/model/roles.ts'
import type { Principal } from '../../trust/principal.ts'

const SCOPE = { level: 'protected', name: 'local:default/protected:refs/heads/main' } as const

/** Whoever brings nothing, where the owner of the machine has said that this is enough. */
const ANYBODY: Principal = {
  tenantId: FIRST_TENANT,
  role: 'admin',
  writes: SCOPE,
  because: 'The server was told to authenticate nobody.',
  reads: [SCOPE],
  writer: { issuer: 'nobody', subject: 'anybody', claims: {} },
  sessionId: undefined,
  expiresAtMs: undefined,
}

const SESSION_MS = 60 * 60_000

/** For callers of this machine only: without credentials they are administrators; with some, these count. */
export function createOpenAuthenticator(known: Authenticator, now: () => number): Authenticator {
  const token = `tvs_${randomBytes(24).toString('base64url')}`
  const isAnybody = ({ authorization, certificate }: Credentials): boolean =>
    (authorization === undefined && certificate === undefined) ||
    authorization === `Bearer ${token}`
  return {
    keys: known.keys,
    closeSession: async (principal) => await known.closeSession(principal),
    authenticate: async (credentials) =>
      isAnybody(credentials) ? ANYBODY : await known.authenticate(credentials),
    openSession: async (credentials) =>
      isAnybody(credentials)
        ? { token, expiresAtMs: now() + SESSION_MS, principal: ANYBODY }
        : await known.openSession(credentials),
  }
}
