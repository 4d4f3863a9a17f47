import { isDigest } from '@taskvault/core'
import type { BlobName, TaskName } from '@taskvault/core'
import { answerError } from '../../http/error-answer.ts'
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
  return (path) => {
    // Whatever follows is looked up as it is: what is no name is no blob's.
    if (path.startsWith(BLOBS)) return askBlob(path.slice(BLOBS.length) as BlobName, services)
    const [, task, key] = ENTRY.exec(path) ?? []
    if (task === undefined || key === undefined || !isDigest(key)) return undefined
    return askEntry(namespaceOf(task as TaskName), key, services)
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

function askEntry(namespace: string, key: string, { engine }: ProtocolServices): QuickQuestion {
  return {
    protocol: 'native',
    operation: 'entry.find',
    answer: async (who) => {
      const found = await engine.find(who, { namespace, key })
      const record = found === undefined ? undefined : recordOf(found)
      return record === undefined ? NO_SUCH_ENTRY : asJson(200, record)
    },
  }
}

const NO_SUCH_ENTRY: QuickAnswer = asJson(404, answerError(noSuchEntry()).body)

function asJson(status: number, data: unknown): QuickAnswer {
  const body = JSON.stringify(data)
  const headers = [
    'content-type',
    'application/json; charset=utf-8',
    'content-length',
    String(Buffer.byteLength(body)),
  ]
  return { status, headers, body }
}
