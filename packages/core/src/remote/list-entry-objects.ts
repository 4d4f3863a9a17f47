import { isDigest } from '../model/digest.ts'
import type { CallOptions } from './blob-store.ts'
import type { EntryQuery } from './entry-store.ts'
import {
  ENTRIES_PREFIX,
  entriesPrefix,
  entryObjectKey,
  keyInObjectKey,
  recentPrefix,
} from './object-layout.ts'
import type { ListedObject, ObjectStore } from './object-store.ts'

/** Keys of the objects that hold the entries of a query, newest first. */
export async function* listEntryObjects(
  objects: ObjectStore,
  query: EntryQuery,
  call: CallOptions | undefined,
): AsyncGenerator<string, void> {
  const found =
    query.task !== undefined && query.keyPrefix === undefined
      ? listRecent(objects, query.task, call)
      : listByTime(objects, query, call)
  // Ids are `<task>.<key>`, and a key tells all that follows it.
  const after = query.after === undefined ? undefined : keyInObjectKey(query.after)
  let isBehind = after === undefined
  const seen = new Set<string>()
  for await (const objectKey of found) {
    if (isBehind && !seen.has(objectKey)) yield objectKey
    seen.add(objectKey)
    isBehind ||= keyInObjectKey(objectKey) === after
  }
}

/** The names of these objects are in the order that is wanted: the first ones cost one question. */
async function* listRecent(
  objects: ObjectStore,
  task: NonNullable<EntryQuery['task']>,
  call: CallOptions | undefined,
): AsyncGenerator<string, void> {
  for await (const { key: objectKey } of objects.list(recentPrefix(task), call)) {
    const key = keyInObjectKey(objectKey)
    if (isDigest(key)) yield entryObjectKey(task, key)
  }
}

/** All that match are looked at before the first is known. */
async function* listByTime(
  objects: ObjectStore,
  { task, keyPrefix = '' }: EntryQuery,
  call: CallOptions | undefined,
): AsyncGenerator<string, void> {
  const prefix = task === undefined ? ENTRIES_PREFIX : entriesPrefix(task) + keyPrefix
  const found: ListedObject[] = []
  for await (const object of objects.list(prefix, call)) {
    if (keyInObjectKey(object.key).startsWith(keyPrefix)) found.push(object)
  }
  yield* found
    .toSorted((left, right) => right.modifiedAtMs - left.modifiedAtMs)
    .map(({ key }) => key)
}
