import type { EntryDraft, EntryRecord, TaskKey, TaskName } from '@taskvault/core'
import { z } from 'zod'
import type { Publication, StoredEntry } from '../../engine/engine.ts'
import type { HttpApp } from '../../http/app.ts'
import { callerOf } from '../../http/callers/caller.ts'
import { errorBody } from '../../http/errors/error-body.ts'
import { Refusal } from '../../http/errors/refusal.ts'
import type { ProtocolServices } from '../../http/protocol.ts'
import { entryOf, namespaceOf, recordOf } from './record-of.ts'
import { draftBody, entryRecord, taskKey, taskName } from './schemas.ts'
import type { DraftBody } from './schemas.ts'

const place = z.strictObject({ task: taskName, key: taskKey })
const published = z.object({ record: entryRecord })

/** Of the newest, so many may be quarantined before there is none to compare with. */
const LOOKED_AT = 20

/** Entries by task and key. */
export function addTaskRoutes(app: HttpApp, { engine }: ProtocolServices): void {
  app.put(
    '/v1/tasks/:task/entries/:key',
    {
      config: { operation: 'entry.publish' },
      schema: {
        summary: 'Publishes an entry whose blobs are all there',
        params: place,
        body: draftBody,
        response: { 200: published, 201: published, default: errorBody },
      },
    },
    async (request, reply) => {
      const draft = draftOf(request.params, request.body)
      const outcome = await engine.publish(callerOf(request), entryOf(draft))
      const record = refuseUnpublished(outcome)
      return reply.code(outcome.kind === 'published' ? 201 : 200).send({ record })
    },
  )
  app.get(
    '/v1/tasks/:task/entries/:key',
    {
      config: { operation: 'entry.find' },
      schema: {
        summary: 'Returns the entry of a key, from the own scope or a more trusted one',
        params: place,
        response: { 200: entryRecord, default: errorBody },
      },
    },
    async (request) => {
      const { task, key } = request.params
      const found = await engine.find(callerOf(request), { namespace: namespaceOf(task), key })
      return recordOrRefuse(found)
    },
  )
  app.get(
    '/v1/tasks/:task/nearest',
    {
      config: { operation: 'entry.nearest' },
      schema: {
        summary: 'Returns the newest entry of a task that the caller may read',
        params: z.strictObject({ task: taskName }),
        response: { 200: entryRecord, default: errorBody },
      },
    },
    async (request) => {
      const namespace = namespaceOf(request.params.task)
      const newest = await engine.list(callerOf(request), { namespace, limit: LOOKED_AT })
      return recordOrRefuse(newest.find(({ isQuarantined }) => !isQuarantined))
    },
  )
}

/** Leaves out what is undefined, so that it is as if it had never been named. */
function draftOf(
  { task, key }: { readonly task: TaskName; readonly key: TaskKey },
  { origin, expiresAtMs, ...body }: DraftBody,
): EntryDraft {
  const known = Object.entries(origin).filter(([, value]) => value !== undefined)
  return { ...body, task, key, expiresAtMs, origin: Object.fromEntries(known) }
}

function refuseUnpublished(outcome: Publication): EntryRecord {
  if (outcome.kind === 'blobs-missing') {
    throw new Refusal('BLOBS_MISSING', 'Blobs of this entry are missing', {
      hint: 'Send them, and publish again.',
      fields: { names: outcome.names },
    })
  }
  const record = recordOrRefuse(outcome.entry)
  if (outcome.kind === 'published' || outcome.isSame) return record
  throw new Refusal(
    'ENTRY_EXISTS',
    'There already is an entry with this key and different content',
    {
      hint: 'Entries are write-once. Make the key depend on everything that the work reads.',
      fields: { record },
    },
  )
}

/** @throws {TaskVaultError} NOT_FOUND when there is none, or none of this protocol. */
function recordOrRefuse(entry: StoredEntry | undefined): EntryRecord {
  const record = entry === undefined ? undefined : recordOf(entry)
  if (record === undefined) throw noSuchEntry()
  return record
}

export function noSuchEntry(): Refusal {
  return new Refusal('NOT_FOUND', 'There is no such entry')
}
