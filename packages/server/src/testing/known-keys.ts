import { TaskVaultError } from '@taskvault/core'
import type { Authenticator } from '../trust/authenticator.ts'
import type { Principal } from '../trust/principal.ts'

/** A caller of a tenant who may read and write in one scope of it. */
export function createPrincipal(given: Partial<Principal> = {}): Principal {
  const scope = { level: 'protected', name: 'test:1/protected:refs/heads/main' } as const
  return {
    tenantId: 'default',
    role: 'admin',
    writes: scope,
    because: 'The test says so.',
    reads: [scope],
    writer: { issuer: 'api-key', subject: 'test', claims: {} },
    sessionId: undefined,
    expiresAtMs: undefined,
    ...given,
  }
}

/** An authenticator of fixed bearers, for tests of what is above it. Sessions are bearers that it makes. */
export function createKnownKeys(
  principals: Readonly<Record<string, Principal>>,
): Authenticator & { readonly asked: () => number } {
  const known = new Map(Object.entries(principals))
  let asked = 0
  const find = (authorization = ''): Principal => {
    asked += 1
    const principal = known.get(authorization.replace(/^Bearer /, ''))
    if (principal !== undefined) return principal
    throw new TaskVaultError('UNAUTHENTICATED', 'This bearer is not known')
  }
  return {
    asked: () => asked,
    keys: {
      create: noKeys,
      revoke: noKeys,
      createFirst: noKeys,
      list: async () => [],
      find: async () => undefined,
    },
    authenticate: async ({ authorization }) => find(authorization),
    openSession: async ({ authorization }) => {
      const token = `tvs_${Math.random().toString(36).slice(2)}`
      const principal = { ...find(authorization), sessionId: token }
      known.set(token, principal)
      return { token, expiresAtMs: Date.now() + 60_000, principal }
    },
    closeSession: async ({ sessionId }) => void known.delete(sessionId ?? ''),
  }
}

async function noKeys(): Promise<never> {
  throw new Error('these keys stay as they are')
}
