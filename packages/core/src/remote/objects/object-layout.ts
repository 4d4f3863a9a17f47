import { createHash } from 'node:crypto'
import { splitBlobName } from '../../model/blob-name.ts'
import type { BlobName } from '../../model/blob-name.ts'
import type { TaskKey } from '../../model/digest.ts'
import type { TaskName } from '../../model/task.ts'

/*
 * Where things lie in a bucket or a shared folder that has no server (docs/remote.md describes it):
 *
 *   v1/blobs/<algorithm>/<first two digits>/<digest>
 *   v1/entries/<task>/<key>.json
 *   v1/recent/<task>/<time, the latest first>-<key>      empty; so that the latest are found at once
 */

export const ENTRIES_PREFIX = 'v1/entries/'
export const RECENTS_PREFIX = 'v1/recent/'

export function blobObjectKey(name: BlobName): string {
  const { algorithm, digest } = splitBlobName(name)
  return `v1/blobs/${algorithm}/${digest.slice(0, 2)}/${digest}`
}

export function entryObjectKey(task: TaskName, key: TaskKey): string {
  return `${entriesPrefix(task)}${key}.json`
}

export function entriesPrefix(task: TaskName): string {
  return `${ENTRIES_PREFIX}${taskSegment(task)}/`
}

export function recentPrefix(task: TaskName): string {
  return `${RECENTS_PREFIX}${taskSegment(task)}/`
}

/** What the keys of all objects begin with whose task's name begins so. */
export function recentPrefixOfTasks(taskPrefix: string): string {
  return RECENTS_PREFIX + encodeName(taskPrefix).slice(0, SHOWN_SIGNS)
}

/** The object of the entry that an object below `recentPrefix` or `entriesPrefix` tells of. */
export function entryObjectKeyOf(objectKey: string): string | undefined {
  const segment = /^v1\/(?:entries|recent)\/([^/]+)\/[^/]+$/.exec(objectKey)?.[1]
  return segment && `${ENTRIES_PREFIX}${segment}/${keyInObjectKey(objectKey)}.json`
}

/** Later than anything that is ever published; counted down from, the latest come first. */
const LAST_MS = 9_999_999_999_999

export function recentObjectKey(task: TaskName, key: TaskKey, createdAtMs: number): string {
  const order = String(Math.max(0, LAST_MS - createdAtMs)).padStart(13, '0')
  return `${recentPrefix(task)}${order}-${key}`
}

/** The key in the name of an object below `recentPrefix` or `entriesPrefix`. */
export function keyInObjectKey(objectKey: string): string {
  return /([0-9a-f]+)(\.json)?$/.exec(objectKey)?.[1] ?? ''
}

/** Of a name in a directory, less what is put behind it while it is written. */
const LONGEST_SEGMENT = 240
/** Of a longer name, before its digest: enough to be found by how it begins. */
const SHOWN_SIGNS = 170

/**
 * A task's name as one segment of a key, readable where it can be. What is not a lowercase letter, a digit
 * or one of `_-` becomes `=` and its hexadecimal digits: some file systems do not tell cases apart.
 */
export function taskSegment(task: TaskName): string {
  const encoded = encodeName(task)
  if (encoded.length <= LONGEST_SEGMENT) return encoded
  const digest = createHash('sha256').update(task).digest('hex')
  return `${encoded.slice(0, SHOWN_SIGNS)}==${digest}`
}

function encodeName(name: string): string {
  return [...Buffer.from(name)]
    .map((byte) => {
      const sign = String.fromCodePoint(byte)
      return /[a-z0-9_-]/.test(sign) ? sign : `=${byte.toString(16).padStart(2, '0')}`
    })
    .join('')
}
