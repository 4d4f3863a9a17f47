import { createHash } from 'node:crypto'
import { splitBlobName } from '../model/blob-name.ts'
import type { BlobName } from '../model/blob-name.ts'
import type { TaskKey } from '../model/digest.ts'
import type { TaskName } from '../model/task.ts'

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

const LONGEST_SEGMENT = 100

/**
 * A task's name as one segment of a key, readable where it can be. What is not a lowercase letter, a digit
 * or one of `_-` becomes `=` and its hexadecimal digits: some file systems do not tell cases apart.
 */
export function taskSegment(task: TaskName): string {
  const encoded = [...Buffer.from(task)]
    .map((byte) => {
      const sign = String.fromCodePoint(byte)
      return /[a-z0-9_-]/.test(sign) ? sign : `=${byte.toString(16).padStart(2, '0')}`
    })
    .join('')
  if (encoded.length <= LONGEST_SEGMENT) return encoded
  return `=${createHash('sha256').update(task).digest('hex')}`
}
