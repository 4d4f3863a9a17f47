import { z } from 'zod'
import type { HttpApp } from '../../http/app.ts'
import { callerOf } from '../../http/callers/caller.ts'
import { errorBody } from '../../http/errors/error-body.ts'
import type { ProtocolServices } from '../../http/protocol.ts'

const keys = z.object({
  keys: z.array(
    z.object({
      keyId: z.string(),
      publicKey: z.string().describe('32 bytes of Ed25519, base64url.'),
    }),
  ),
})

/** The public keys that records of entries are verified with. */
export function addSigningKeyRoutes(app: HttpApp, { publicKeys }: ProtocolServices): void {
  app.get(
    '/v1/signing-keys',
    {
      config: { operation: 'signing-keys' },
      schema: {
        summary: "Lists the tenant's public keys whose signatures to trust, newest first",
        response: { 200: keys, default: errorBody },
      },
    },
    async (request) => {
      const found = await publicKeys(callerOf(request).tenantId)
      return { keys: found.map(({ keyId, publicKey }) => ({ keyId, publicKey })) }
    },
  )
}
