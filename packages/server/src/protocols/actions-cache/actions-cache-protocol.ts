import type { Protocol } from '../../http/protocol.ts'
import { addRestRoutes } from './rest-routes.ts'
import { addTransferRoutes } from './transfer-routes.ts'
import { addTwirpRoutes } from './twirp-routes.ts'

/**
 * GitHub's cache service, in both of its versions, so that unmodified clients of it (the packages and the
 * action) work against this vault. `secret` signs the addresses that bytes go to and come from.
 */
export function createActionsCacheProtocol(secret: Uint8Array): Protocol {
  return {
    name: 'actions-cache',
    taskOf: () => undefined,
    register: (app, services) => {
      const given = { ...services, engine: services.uncounted, secret }
      addTwirpRoutes(app, given)
      addTransferRoutes(app, given)
      addRestRoutes(app, given)
    },
  }
}
