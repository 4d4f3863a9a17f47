import { z } from 'zod'
import type { HttpApp } from '../../http/app.ts'
import { callerOf } from '../../http/callers/caller.ts'
import { errorBody } from '../../http/errors/error-body.ts'
import type { ProtocolServices } from '../../http/protocol.ts'
import { authorize } from '../../trust/model/roles.ts'

const page = z.object({
  lines: z.array(z.object({ number: z.number(), line: z.string() })).readonly(),
  next: z.number().nullable().describe('The `after` of the next page; null on the last page.'),
})
const finding = z.object({
  lines: z.number().describe('How many lines are sound, from the first one.'),
  brokenAt: z.number().nullable().describe('The first line that is not sound; null: all are.'),
})

/** The audit log of the caller's tenant, for its administrators. */
export function addAuditRoutes(app: HttpApp, { audit }: ProtocolServices): void {
  app.get(
    '/v1/audit',
    {
      config: { operation: 'audit.read' },
      schema: {
        summary: "Returns the lines of the tenant's audit log, in order",
        querystring: z.strictObject({
          after: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).default(0),
          limit: z.coerce.number().int().min(1).max(1000).default(1000),
        }),
        response: { 200: page, default: errorBody },
      },
    },
    async (request) => {
      const who = callerOf(request)
      authorize(who, 'audit:read')
      const { limit } = request.query
      const lines = await audit.read(who.tenantId, request.query)
      return { lines, next: lines.length < limit ? null : (lines.at(-1)?.number ?? null) }
    },
  )
  app.get(
    '/v1/audit/verify',
    {
      config: { operation: 'audit.verify' },
      schema: {
        summary: 'Checks that no line of the audit log was changed, removed or moved',
        response: { 200: finding, default: errorBody },
      },
    },
    async (request) => {
      const who = callerOf(request)
      authorize(who, 'audit:read')
      const { lines, brokenAt = null } = await audit.verify(who.tenantId)
      return { lines, brokenAt }
    },
  )
}
