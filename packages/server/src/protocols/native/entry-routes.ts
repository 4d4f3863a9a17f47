import { z } from 'zod'
import type { EntrySelection, Provenance, StoredEntry } from '../../engine/engine.ts'
import type { HttpApp } from '../../http/app.ts'
import { callerOf } from '../../http/callers/caller.ts'
import { errorBody } from '../../http/errors/error-body.ts'
import { Refusal } from '../../http/errors/refusal.ts'
import type { ProtocolServices } from '../../http/protocol.ts'
import type { Principal } from '../../trust/principal.ts'
import { namespaceOf, namespacePrefixOf, recordOf } from './record-of.ts'
import { PORTABLE_NAME, entryId, entryRecord, heldText, taskName } from './schemas.ts'

const keyPrefix = z
  .string()
  .regex(/^[0-9a-f]{1,128}$/)
  .optional()
const taskPrefix = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[^\s\p{C}]*$/u)
  .meta({ pattern: PORTABLE_NAME })
  .optional()
  .describe('A prefix of task names.')
const byId = z.strictObject({ id: entryId })
const provenance = z.object({
  entry: entryRecord,
  restored: z.array(z.any()).describe('Objects of the same shape as this one.'),
})
const page = z.object({
  entries: z.array(entryRecord),
  next: z.string().nullable().describe('The `after` of the next page; null on the last page.'),
})

/** Entries by what they are: lists, one, where one came from, and taking them back. */
export function addEntryRoutes(app: HttpApp, { engine }: ProtocolServices): void {
  app.get(
    '/v1/entries',
    {
      config: { operation: 'entries.list' },
      schema: {
        summary: 'Lists the entries that the caller may read, newest first',
        querystring: z.strictObject({
          task: taskName.optional(),
          taskPrefix,
          keyPrefix,
          limit: z.coerce.number().int().min(1).max(1000).default(100),
          after: entryId.optional(),
        }),
        response: { 200: page, default: errorBody },
      },
    },
    async (request) => {
      const { task, taskPrefix: beginning, ...rest } = request.query
      const namespace = task === undefined ? undefined : namespaceOf(task)
      const namespacePrefix = beginning === undefined ? undefined : namespacePrefixOf(beginning)
      const wanted = { ...rest, namespace, namespacePrefix }
      const found = await engine.list(callerOf(request), wanted)
      const last = found.at(-1)
      const next =
        last && (await isMore(engine, callerOf(request), { wanted, found })) ? last.id : null
      return { entries: found.flatMap((entry) => recordOf(entry) ?? []), next }
    },
  )
  app.get(
    '/v1/entries/:id',
    {
      config: { operation: 'entry.show' },
      schema: {
        summary: 'Returns an entry',
        params: byId,
        response: { 200: entryRecord, default: errorBody },
      },
    },
    async (request) => {
      const { id } = request.params
      return describeEntry(foundOrRefuse(await engine.show(callerOf(request), id)))
    },
  )
  app.delete(
    '/v1/entries/:id',
    {
      config: { operation: 'entry.remove' },
      schema: {
        summary: 'Removes an entry',
        params: byId,
        response: { 204: z.any(), default: errorBody },
      },
    },
    async (request, reply) => {
      const isRemoved = await engine.remove(callerOf(request), request.params.id)
      foundOrRefuse(isRemoved ? true : undefined)
      return reply.code(204).send()
    },
  )
  addOriginRoutes(app, engine)
}

interface ListedPage {
  readonly wanted: EntrySelection
  readonly found: readonly StoredEntry[]
}

/** A page may be shorter than was asked for, and not the last one. */
async function isMore(
  engine: ProtocolServices['engine'],
  who: Principal,
  { wanted, found }: ListedPage,
): Promise<boolean> {
  if (found.length === wanted.limit) return true
  const after = found.at(-1)?.id ?? wanted.after
  return (await engine.list(who, { ...wanted, limit: 1, after })).length > 0
}

function addOriginRoutes(app: HttpApp, engine: ProtocolServices['engine']): void {
  app.get(
    '/v1/entries/:id/why',
    {
      config: { operation: 'entry.why' },
      schema: {
        summary:
          'Explains who wrote an entry and what the job had restored before, back to the beginning',
        params: byId,
        response: { 200: provenance, default: errorBody },
      },
    },
    async (request) => {
      const found = await engine.why(callerOf(request), request.params.id)
      return describeProvenance(foundOrRefuse(found))
    },
  )
  app.post(
    '/v1/entries/:id/quarantine',
    {
      config: { operation: 'entry.quarantine' },
      schema: {
        summary: 'Quarantines an entry and everything made from it',
        params: byId,
        body: z.strictObject({ because: heldText(1000).min(1) }),
        response: {
          200: z.object({ quarantined: z.array(entryId).readonly() }),
          default: errorBody,
        },
      },
    },
    async (request) => {
      const { id } = request.params
      const { because } = request.body
      return { quarantined: await engine.quarantine(callerOf(request), id, because) }
    },
  )
}

function foundOrRefuse<Found>(found: Found | undefined): Found {
  if (found === undefined) throw new Refusal('NOT_FOUND', 'There is no such entry')
  return found
}

/** Entries of other protocols have no record; they are shown as they are stored. */
function describeEntry(entry: StoredEntry): object {
  const { isQuarantined, hits, accessedAtMs } = entry
  const { details: _, content: __, ...stored } = entry
  return { ...(recordOf(entry) ?? stored), isQuarantined, hits, accessedAtMs }
}

interface DescribedProvenance {
  readonly entry: object
  readonly restored: DescribedProvenance[]
}

function describeProvenance({ entry, restored }: Provenance): DescribedProvenance {
  return { entry: describeEntry(entry), restored: restored.map(describeProvenance) }
}
