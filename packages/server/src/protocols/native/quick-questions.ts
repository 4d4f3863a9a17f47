import { isDigest } from '@taskvault/core'
import type { BlobName, TaskName } from '@taskvault/core'
import type { StoredEntry } from '../../engine/engine.ts'
import { answerError } from '../../http/errors/error-answer.ts'
import type { ProtocolServices } from '../../http/protocol.ts'
import type { QuickAnswer, QuickQuestion } from '../../http/quick-answers.ts'
import { namespaceOf, recordOf } from './record-of.ts'
import { noSuchEntry } from './task-routes.ts'

const BLOBS = '/v1/blobs/'
/** Names without anything that an address writes in another way. */
const ENTRY = /^\/v1\/tasks\/([\w.@:+~-]{1,200})\/entries\/([0-9a-f]{32,128})$/

type Recognize = (path: string) => QuickQuestion | undefined

/** Small blobs that are at hand, and look-ups: the two that jobs ask for by the hundred. */
export function createQuickQuestions(services: ProtocolServices): Recognize {
  const given = { engine: services.engine, answers: createAnswerCache() }
  return (path) => {
    // Whatever follows is looked up as it is: what is no name is no blob's.
    if (path.startsWith(BLOBS)) return askBlob(path.slice(BLOBS.length) as BlobName, services)
    const [, task, key] = ENTRY.exec(path) ?? []
    if (task === undefined || key === undefined || !isDigest(key)) return undefined
    return askEntry(namespaceOf(task as TaskName), key, given)
  }
}

function askBlob(name: BlobName, { recent, rates }: ProtocolServices): QuickQuestion {
  return {
    protocol: 'native',
    operation: 'blob.get',
    answer: (who) => {
      const blob = recent.find(who, name)
      if (blob === undefined) return undefined
      try {
        rates.countBytes(who, blob.bytes.byteLength)
      } catch {
        return undefined
      }
      return { status: 200, headers: blob.headers, body: blob.bytes }
    },
  }
}

function askEntry(
  namespace: string,
  key: string,
  { engine, answers }: Pick<ProtocolServices, 'engine'> & { readonly answers: AnswerCache },
): QuickQuestion {
  return {
    protocol: 'native',
    operation: 'entry.find',
    answer: async (who) => {
      const found = await engine.find(who, { namespace, key })
      return found === undefined ? NO_SUCH_ENTRY : answers.of(found)
    },
  }
}

interface AnswerCache {
  /** Of an entry that was found just now. */
  of(entry: StoredEntry): QuickAnswer
}

const MOST_ANSWERS = 4096
/** Of an entry with a hundred packs. One can have ten thousand: all answers together stay below 64 MiB. */
const LARGEST_ANSWER = 16 * 1024

/** What is written about an entry never changes: it need not be written anew for everybody who finds it. */
function createAnswerCache(): AnswerCache {
  let answers = new Map<string, QuickAnswer>()
  return {
    of: (entry) => {
      const known = answers.get(entry.id)
      if (known !== undefined) return known
      const record = recordOf(entry)
      const answer = record === undefined ? NO_SUCH_ENTRY : asJson(200, record)
      if (answer.body.length > LARGEST_ANSWER) return answer
      if (answers.size >= MOST_ANSWERS) answers = new Map()
      answers.set(entry.id, answer)
      return answer
    },
  }
}

const NO_SUCH_ENTRY: QuickAnswer = asJson(404, answerError(noSuchEntry()).body)

function asJson(status: number, data: unknown): QuickAnswer {
  const body = JSON.stringify(data)
  const sizeBytes = Buffer.byteLength(body)
  const type = 'application/json; charset=utf-8'
  const headers = ['content-type', type, 'content-length', String(sizeBytes)]
  return { status, headers, body, isAscii: sizeBytes === body.length }
}
