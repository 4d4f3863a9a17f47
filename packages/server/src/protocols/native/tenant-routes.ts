import { z } from 'zod'
import type { HttpApp } from '../../http/app.ts'
import { callerOf } from '../../http/callers/caller.ts'
import { errorBody } from '../../http/errors/error-body.ts'
import { Refusal } from '../../http/errors/refusal.ts'
import type { ProtocolServices } from '../../http/protocol.ts'
import { authorize } from '../../trust/model/roles.ts'
import { heldText } from './schemas.ts'

const limits = {
  name: heldText(200).min(1).optional(),
  strategy: z.enum(['lru', 'lfu', 'fifo']).optional(),
  scopeBytes: z.number().int().min(1).optional().describe('The most that each scope may hold.'),
  tenantBytes: z
    .number()
    .int()
    .min(1)
    .optional()
    .describe('The most that all scopes may hold together.'),
  ttlMs: z.number().int().min(1000).optional().describe('The longest time to live of an entry.'),
}
const tenant = z
  .object({ id: z.string(), createdAtMs: z.number(), ...limits })
  .meta({ id: 'Tenant' })

/** Tenants, for the administrators of the first one. */
export function addTenantRoutes(app: HttpApp, { tenants }: ProtocolServices): void {
  app.get(
    '/v1/tenants',
    {
      config: { operation: 'tenants.list' },
      schema: {
        summary: 'Lists the tenants of the server',
        response: { 200: z.object({ tenants: z.array(tenant).readonly() }), default: errorBody },
      },
    },
    async (request) => {
      authorize(callerOf(request), 'tenants:manage')
      return { tenants: await tenants.list() }
    },
  )
  app.post(
    '/v1/tenants',
    {
      config: { operation: 'tenants.create' },
      schema: {
        summary: 'Creates a tenant and an administrator key for it, which is shown only once',
        body: z.strictObject({ id: z.string().max(32), ...limits }),
        response: { 201: z.object({ tenant, adminKey: z.string() }), default: errorBody },
      },
    },
    async (request, reply) => {
      const who = callerOf(request)
      authorize(who, 'tenants:manage')
      const created = await tenants.create(who.writer.subject, request.body)
      if (created === undefined) {
        const { id, name = id } = request.body
        const message = `There already is a tenant ${id}, or another tenant with the name ${name}`
        throw new Refusal('REQUEST_INVALID', message, { status: 409 })
      }
      return reply.code(201).header('cache-control', 'no-store').send(created)
    },
  )
}
