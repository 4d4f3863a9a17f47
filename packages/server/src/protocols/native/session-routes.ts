import { z } from 'zod'
import type { HttpApp } from '../../http/app.ts'
import { callerOf, credentialsOf } from '../../http/callers/caller.ts'
import { errorBody } from '../../http/errors/error-body.ts'
import type { ProtocolServices } from '../../http/protocol.ts'
import { heldText } from './schemas.ts'

const session = z.object({
  token: z.string().describe('The bearer token for all further requests; shown only once.'),
  expiresAtMs: z.number(),
  tenant: z.string(),
  role: z.enum(['admin', 'engineer', 'viewer', 'external']),
  writes: z.string().nullable().describe('The only scope that may be written; null: none.'),
  reads: z.array(z.string()).describe('The scopes that may be read, the own scope first.'),
  directTransfer: z
    .boolean()
    .describe('Whether blobs are transferred directly to and from a bucket.'),
  maxBlobBytes: z.number(),
})

/** Strangers may send it: thousands of them must not fill the memory with what nobody wants. */
const BODY_BYTES = 8 * 1024

/** Sessions: whom a CI's token or a key belongs to, for at most an hour. */
export function addSessionRoutes(app: HttpApp, services: ProtocolServices): void {
  const { authenticator, rates, limits, isDirect } = services
  app.post(
    '/v1/session',
    {
      bodyLimit: BODY_BYTES,
      config: { access: 'public', operation: 'session.open' },
      schema: {
        summary: "Opens a session with a CI job's OIDC token, an API key, or a client certificate",
        body: z
          .strictObject({
            client: z.string().max(200).optional(),
            job: heldText(300)
              .optional()
              .describe(
                'The job, if no token names it. What one session of a job restores counts for all of them.',
              ),
          })
          .nullish(),
        response: { 201: session, default: errorBody },
      },
    },
    async (request, reply) => {
      const credentials = { ...credentialsOf(request), job: request.body?.job }
      rates.countSession(credentials.remoteAddress)
      const { token, expiresAtMs, principal } = await authenticator.openSession(credentials)
      return reply
        .code(201)
        .header('cache-control', 'no-store')
        .send({
          token,
          expiresAtMs,
          tenant: principal.tenantId,
          role: principal.role,
          writes: principal.writes?.name ?? null,
          reads: principal.reads.map(({ name }) => name),
          directTransfer: isDirect,
          maxBlobBytes: limits.maxBlobBytes,
        })
    },
  )
  app.delete(
    '/v1/session',
    {
      config: { operation: 'session.close' },
      schema: { summary: 'Ends the session', response: { 204: z.any(), default: errorBody } },
    },
    async (request, reply) => {
      await authenticator.closeSession(callerOf(request))
      return reply.code(204).send()
    },
  )
}
