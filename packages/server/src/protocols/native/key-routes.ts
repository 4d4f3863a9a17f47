import { z } from 'zod'
import type { HttpApp } from '../../http/app.ts'
import { callerOf } from '../../http/callers/caller.ts'
import { errorBody } from '../../http/errors/error-body.ts'
import { Refusal } from '../../http/errors/refusal.ts'
import type { ProtocolServices } from '../../http/protocol.ts'
import { authorize } from '../../trust/model/roles.ts'
import { heldText } from './schemas.ts'

const role = z.enum(['admin', 'engineer', 'viewer', 'external'])
const DAY_MS = 24 * 3_600_000

const key = z
  .object({
    id: z.string(),
    name: z.string(),
    role,
    project: z.string(),
    writes: z.string(),
    reads: z.array(z.string()).readonly(),
    addresses: z.array(z.string()).readonly(),
    createdAtMs: z.number(),
    expiresAtMs: z.number(),
    revokedAtMs: z.number().optional(),
  })
  .meta({ id: 'ApiKey' })

const newKey = z.strictObject({
  name: z.string().max(64),
  role: role.optional(),
  project: z.string().max(200).optional(),
  writes: z.string().max(300).optional().describe('`own`, `nothing`, or a trust level and ref.'),
  reads: z
    .array(z.string().max(300))
    .max(100)
    .optional()
    .describe('Branches whose protected entries it may read.'),
  addresses: z
    .array(z.string().max(50))
    .max(100)
    .optional()
    .describe('Address ranges, such as 10.0.0.0/8.'),
  expiresInDays: z.number().min(0.001).max(366).optional(),
})

/** API keys of the caller's tenant, for its administrators. */
export function addKeyRoutes(app: HttpApp, { authenticator: { keys } }: ProtocolServices): void {
  app.get(
    '/v1/keys',
    {
      config: { operation: 'keys.list' },
      schema: {
        summary: "Lists the tenant's API keys, without their secrets",
        response: { 200: z.object({ keys: z.array(key).readonly() }), default: errorBody },
      },
    },
    async (request) => {
      const who = callerOf(request)
      authorize(who, 'keys:manage')
      return { keys: await keys.list(who.tenantId) }
    },
  )
  app.post(
    '/v1/keys',
    {
      config: { operation: 'keys.create' },
      schema: {
        summary: 'Creates an API key; its secret is shown only once',
        body: newKey,
        response: { 201: z.object({ key, secret: z.string() }), default: errorBody },
      },
    },
    async (request, reply) => {
      const who = callerOf(request)
      authorize(who, 'keys:manage')
      const { expiresInDays, ...rest } = request.body
      const expiresInMs =
        expiresInDays === undefined ? undefined : Math.round(expiresInDays * DAY_MS)
      const made = await keys.create(makerOf(who), { ...rest, expiresInMs })
      return reply.code(201).header('cache-control', 'no-store').send(made)
    },
  )
  app.delete(
    '/v1/keys/:id',
    {
      config: { operation: 'keys.revoke' },
      schema: {
        summary: 'Revokes an API key and every session that it opened',
        params: z.strictObject({ id: heldText(100).min(1) }),
        response: { 204: z.any(), default: errorBody },
      },
    },
    async (request, reply) => {
      const who = callerOf(request)
      authorize(who, 'keys:manage')
      const isRevoked = await keys.revoke(makerOf(who), request.params.id)
      if (!isRevoked) throw new Refusal('NOT_FOUND', 'There is no such key')
      return reply.code(204).send()
    },
  )
}

function makerOf({ tenantId, writer }: ReturnType<typeof callerOf>): {
  readonly tenantId: string
  readonly name: string
} {
  return { tenantId, name: writer.subject }
}
