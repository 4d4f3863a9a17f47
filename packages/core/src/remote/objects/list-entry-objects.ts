import { isDigest } from '../../model/digest.ts'
import type { CallOptions } from '../blob-store.ts'
import type { EntryQuery } from '../entry-store.ts'
import {
  ENTRIES_PREFIX,
  entriesPrefix,
  entryObjectKey,
  entryObjectKeyOf,
  keyInObjectKey,
  recentPrefix,
  recentPrefixOfTasks,
} from './object-layout.ts'
import type { EntryObjects } from './object-store.ts'

/** Keys of the objects that hold the entries of a query, newest first. */
export async function* listEntryObjects(
  objects: EntryObjects,
  query: EntryQuery,
  call: CallOptions | undefined,
): AsyncGenerator<string, void> {
  const found = findObjects(objects, query, call)
  // Ids are `<task>.<key>`, and a key tells all that follows it.
  const after = query.after === undefined ? undefined : keyInObjectKey(query.after)
  let isBehind = after === undefined
  const seen = new Set<string>()
  for await (const objectKey of found) {
    if (isBehind && !seen.has(objectKey)) yield objectKey
    seen.add(objectKey)
    isBehind ||= keyInObjectKey(objectKey) === after
  }
  // It was removed, and its place with it. To end here would be to say that nothing follows.
  if (!isBehind) yield* seen
}

function findObjects(
  objects: EntryObjects,
  query: EntryQuery,
  call: CallOptions | undefined,
): AsyncGenerator<string, void> {
  const { task, taskPrefix, keyPrefix } = query
  if (taskPrefix !== undefined) return listOfTasks(objects, taskPrefix, call)
  return task !== undefined && keyPrefix === undefined
    ? listRecent(objects, task, call)
    : listByTime(objects, query, call)
}

/** Of each task the names are in the order that is wanted; of all of them together, they are put in it. */
async function* listOfTasks(
  objects: EntryObjects,
  taskPrefix: string,
  call: CallOptions | undefined,
): AsyncGenerator<string, void> {
  const found: string[] = []
  for await (const { key } of objects.list(recentPrefixOfTasks(taskPrefix), call)) found.push(key)
  const ordered = found.toSorted((left, right) => (nameIn(left) < nameIn(right) ? -1 : 1))
  for (const objectKey of ordered) {
    const entry = entryObjectKeyOf(objectKey)
    if (entry !== undefined && isDigest(keyInObjectKey(entry))) yield entry
  }
}

function nameIn(objectKey: string): string {
  return objectKey.slice(objectKey.lastIndexOf('/') + 1)
}

/** The names of these objects are in the order that is wanted: the first ones cost one question. */
async function* listRecent(
  objects: EntryObjects,
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
  objects: EntryObjects,
  { task, keyPrefix = '' }: EntryQuery,
  call: CallOptions | undefined,
): AsyncGenerator<string, void> {
  const prefix = task === undefined ? ENTRIES_PREFIX : entriesPrefix(task) + keyPrefix
  const found: { readonly key: string; readonly modifiedAtMs: number }[] = []
  for await (const object of objects.list(prefix, call)) {
    if (keyInObjectKey(object.key).startsWith(keyPrefix)) found.push(object)
  }
  yield* found
    .toSorted((left, right) => right.modifiedAtMs - left.modifiedAtMs)
    .map(({ key }) => key)
}
