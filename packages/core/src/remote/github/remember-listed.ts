import type { EntryRecord } from '../../model/entry-record.ts'
import type { EntryStore } from '../entry-store.ts'

/** Whoever asks again, or restores what was listed, does it within this time. */
const FRESH_MS = 10_000

/**
 * The newest entry of a task is listed to say why there was a miss, listed again to start from it, and then restored: it is
 * read once for all of that.
 */
export function rememberListed(entries: EntryStore): EntryStore {
  const listed = new Map<string, { readonly records: readonly EntryRecord[]; atMs: number }>()

  function fresh(): readonly [string, readonly EntryRecord[]][] {
    return [...listed]
      .filter(([, { atMs }]) => performance.now() - atMs < FRESH_MS)
      .map(([question, { records }]) => [question, records])
  }

  return {
    async find(task, key, call) {
      const known = fresh()
        .flatMap(([, records]) => records)
        .find((record) => record.task === task && record.key === key)
      return known ?? (await entries.find(task, key, call))
    },
    async list(query, call) {
      const question = JSON.stringify(query)
      const known = fresh().find(([earlier]) => earlier === question)?.[1]
      if (known !== undefined) return known
      const records = await entries.list(query, call)
      if (records.length > 0) listed.set(question, { records, atMs: performance.now() })
      return records
    },
    async publish(draft, call) {
      listed.clear()
      return await entries.publish(draft, call)
    },
    async remove(record, call) {
      listed.clear()
      return await entries.remove(record, call)
    },
  }
}
