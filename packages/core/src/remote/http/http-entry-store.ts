import type { EntryDraft, EntryRecord } from '../../model/entry-record.ts'
import { parseEntryRecord } from '../../model/parse-entry-record.ts'
import type { CallOptions } from '../blob-store.ts'
import type { EntryQuery, EntryStore, PublishOutcome } from '../entry-store.ts'
import type { HttpAnswer } from './http-client.ts'
import { parseListAnswer, parseNamesOf, parseRecordAnswer } from './native-answers.ts'
import type { ErrorAnswer } from './native-answers.ts'
import { readJson } from './native-connection.ts'
import type { NativeConnection } from './native-connection.ts'
import { explainRefusal, readRefusal } from './native-failures.ts'

/** Entries of a TaskVault server. */
export function createHttpEntryStore(connection: NativeConnection): EntryStore {
  return {
    async find(task, key, options) {
      const path = pathOf({ task, key })
      const answer = await connection.send({ method: 'GET', path, ...options })
      if (answer.status === 404) return await unlessAnother(answer)
      if (answer.status !== 200) throw explainRefusal(answer, await readRefusal(answer))
      return parseEntryRecord(await readJson(answer))
    },
    async list(query, options) {
      const path = `v1/entries?${encodeQuery(query)}`
      const answer = await connection.send({ method: 'GET', path, ...options })
      if (answer.status !== 200) throw explainRefusal(answer, await readRefusal(answer))
      return parseListAnswer(await readJson(answer))
    },
    publish: async (draft, options) => await publish(connection, draft, options),
    async remove({ id }, options) {
      const path = `v1/entries/${encodeURIComponent(id)}`
      const answer = await connection.send({ method: 'DELETE', path, ...options })
      if (answer.status === 404) return (await unlessAnother(answer)) ?? false
      if (answer.status !== 204) throw explainRefusal(answer, await readRefusal(answer))
      await answer.drop()
      return true
    },
  }
}

async function publish(
  connection: NativeConnection,
  draft: EntryDraft,
  options: CallOptions | undefined,
): Promise<PublishOutcome> {
  const { task: _task, key: _key, ...json } = draft
  const answer = await connection.send({ method: 'PUT', path: pathOf(draft), json, ...options })
  if (answer.status === 201)
    return { kind: 'published', record: parseRecordAnswer(await readJson(answer)) }
  if (answer.status === 200) {
    const record = parseRecordAnswer(await readJson(answer))
    return { kind: 'known', record, isSame: true }
  }
  return asOutcome(await readRefusal(answer), answer)
}

function asOutcome(refusal: ErrorAnswer, answer: HttpAnswer): PublishOutcome {
  if (refusal.code === 'ENTRY_EXISTS')
    return { kind: 'known', record: parseRecordAnswer(refusal.fields), isSame: false }
  if (refusal.code === 'BLOBS_MISSING')
    return { kind: 'blobs-missing', names: parseNamesOf(refusal) }
  if (refusal.code === 'FORBIDDEN') return { kind: 'skipped', because: refusal.message }
  throw explainRefusal(answer, refusal)
}

function pathOf({ task, key }: Pick<EntryRecord, 'task' | 'key'>): string {
  return `v1/tasks/${encodeSegment(task)}/entries/${key}`
}

/** A dot alone, or two, would be taken for a place in the path. */
function encodeSegment(text: string): string {
  return encodeURIComponent(text).replaceAll('.', '%2E')
}

function encodeQuery({ task, taskPrefix, keyPrefix, limit, after }: EntryQuery): string {
  const query = new URLSearchParams({ limit: String(limit) })
  if (task !== undefined) query.set('task', task)
  if (taskPrefix !== undefined) query.set('taskPrefix', taskPrefix)
  if (keyPrefix !== undefined) query.set('keyPrefix', keyPrefix)
  if (after !== undefined) query.set('after', after)
  return query.toString()
}

/**
 * A server of ours says so when there is nothing; a 404 of anything else is a wrong address, and no
 * miss.
 */
async function unlessAnother(answer: HttpAnswer): Promise<undefined> {
  const refusal = await readRefusal(answer)
  if (refusal.code !== 'NOT_FOUND') throw explainRefusal(answer, refusal)
}
