import { z } from 'zod'
import type { HttpApp } from '../../http/app.ts'
import { callerOf } from '../../http/callers/caller.ts'
import { errorBody } from '../../http/errors/error-body.ts'
import { Refusal } from '../../http/errors/refusal.ts'
import type { ProtocolServices } from '../../http/protocol.ts'
import { namespaceOf } from './record-of.ts'
import { taskName } from './schemas.ts'

const stats = z.object({
  entries: z.number(),
  entryBytes: z.number().describe('Raw bytes of the outputs of all entries.'),
  storedBytes: z.number(),
  hits: z.number(),
  misses: z.number(),
  saves: z.number(),
  evictions: z.number(),
  savedMs: z.number().describe('Working time that hits saved.'),
})

/** The vault as a whole. */
export function addVaultRoutes(app: HttpApp, { engine }: ProtocolServices): void {
  app.post(
    '/v1/invalidate',
    {
      config: { operation: 'invalidate' },
      schema: {
        summary: 'Removes the entries of a task, or of keys with a prefix',
        body: z.strictObject({
          task: taskName.optional(),
          keyPrefix: z
            .string()
            .regex(/^[0-9a-f]{1,128}$/)
            .optional(),
        }),
        response: { 200: z.object({ count: z.number() }), default: errorBody },
      },
    },
    async (request) => {
      const { task, keyPrefix } = request.body
      if (task === undefined && keyPrefix === undefined) {
        throw new Refusal('REQUEST_INVALID', 'Give a task, a prefix of keys, or both', {
          hint: 'To remove everything, remove each task.',
        })
      }
      const namespace = task === undefined ? undefined : namespaceOf(task)
      return { count: await engine.invalidate(callerOf(request), { namespace, keyPrefix }) }
    },
  )
  app.get(
    '/v1/stats',
    {
      config: { operation: 'stats' },
      schema: {
        summary: "Returns totals over the tenant's entries",
        response: { 200: stats, default: errorBody },
      },
    },
    async (request) => await engine.stats(callerOf(request)),
  )
}
