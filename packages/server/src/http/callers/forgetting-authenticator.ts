import type { Authenticator } from '../../trust/authenticator.ts'
import type { PrincipalCache } from './principal-cache.ts'

/**
 * The same authenticator, remembering for a moment. A session that is closed here, and a key that is
 * revoked here, are unknown here at once.
 */
export function createForgettingAuthenticator(
  authenticator: Authenticator,
  principals: PrincipalCache,
): Authenticator {
  const { keys } = authenticator
  return {
    authenticate: principals.authenticate,
    openSession: async (credentials) => await authenticator.openSession(credentials),
    closeSession: async (principal) => {
      await authenticator.closeSession(principal)
      principals.forgetTenant(principal.tenantId)
    },
    keys: {
      ...keys,
      revoke: async (who, id) => {
        const isRevoked = await keys.revoke(who, id)
        principals.forgetTenant(who.tenantId)
        return isRevoked
      },
    },
  }
}
