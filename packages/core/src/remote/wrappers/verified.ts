import type { TaskKey } from '../../model/digest.ts'
import type { EntryRecord } from '../../model/entry-record.ts'
import type { TaskName } from '../../model/task.ts'
import type { BlobStore } from '../blob-store.ts'
import type { EntryQuery } from '../entry-store.ts'
import { createExpectedBlob } from '../expected-blob.ts'
import { nonsense } from '../failures.ts'
import type { PinnedKeys } from '../http/record-signatures.ts'
import type { RemoteStores } from '../remote-stores.ts'
import { verifiedPieces } from './verified-pieces.ts'

export interface VerifyOptions {
  /** Undefined: whoever answers is believed about who wrote an entry, never about its bytes. */
  readonly keys: PinnedKeys | undefined
  readonly now?: () => number
}

/**
 * Believes nothing. A record must be the one that was asked for, and signed where keys are pinned; a
 * blob's bytes are passed on while they are checked, and its last piece only if all was right.
 */
export function verified({ blobs, entries }: RemoteStores, options: VerifyOptions): RemoteStores {
  const { keys, now = Date.now } = options
  const isSigned = (record: EntryRecord): boolean => keys?.hasSigned(record) ?? true
  return {
    blobs: { ...blobs, get: verifiedGet(blobs) },
    entries: {
      ...entries,
      async find(task, key, call) {
        const record = await entries.find(task, key, call)
        if (record === undefined || isExpired(record, now())) return undefined
        checkAnswers(record, task, key)
        if (!isSigned(record)) throw unsigned(record)
        return record
      },
      async list(query, call) {
        const records = await entries.list(query, call)
        return records.filter((record) => isSigned(record) && isOfTask(record, query))
      },
    },
  }
}

function isExpired({ expiresAtMs }: EntryRecord, nowMs: number): boolean {
  return expiresAtMs !== undefined && expiresAtMs <= nowMs
}

/**
 * Only whole blobs can be verified: a range must begin at the start, and end where the blob does. Who asks
 * for a part says so, and believes nothing of it.
 */
function verifiedGet(blobs: BlobStore): BlobStore['get'] {
  return async (name, options) => {
    const range = options?.range
    if (options?.isPart === true) return await blobs.get(name, options)
    if (range === undefined || range.start !== 0)
      throw new Error('a blob is verified as a whole: say how many bytes it has')
    const openExpected = await createExpectedBlob({ name, sizeBytes: range.end })
    const stream = await blobs.get(name, options)
    return stream === undefined ? undefined : verifiedPieces(stream, openExpected())
  }
}

function isOfTask({ task }: EntryRecord, query: EntryQuery): boolean {
  return (query.task ?? task) === task && task.startsWith(query.taskPrefix ?? '')
}

function checkAnswers(record: EntryRecord, task: TaskName, key: TaskKey): void {
  if (record.task === task && record.key === key) return
  throw nonsense('The remote store answered with the entry of a different key')
}

function unsigned({ signature }: EntryRecord): Error {
  return nonsense(
    signature === undefined
      ? 'The remote store answered with an unsigned entry'
      : 'The remote store returned an entry that none of the pinned keys has signed',
  )
}
