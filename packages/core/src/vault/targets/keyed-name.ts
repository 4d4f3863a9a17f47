import { createHash } from 'node:crypto'
import type { Notes } from '../../model/notes.ts'
import { parseTaskName } from '../../model/task.ts'
import type { TaskName } from '../../model/task.ts'
import { noteKey, readNotedKey } from './noted-key.ts'

/** Keys of one group with the same version; they are searched together by prefix. */
export interface KeyedPlace {
  readonly group: TaskName
  /** Hexadecimal digits that stand for everything else that must be the same for a cache to be usable. */
  readonly version: string
}

const LONGEST_NAME = 200
const DIGEST_DIGITS = 32
/** Of the version, enough to tell apart what one group keeps. */
const VERSION_DIGITS = 12

/**
 * Returns the name of a cache for a key that a person has written. The name ends with the key, so that a prefix of the
 * key is a prefix of the name. A key that is too long is cut, and its digest is added.
 * @throws {TaskVaultError} TASK_NAME_INVALID when the group leaves no room.
 */
export function nameOfKey(place: KeyedPlace, key: string): TaskName {
  const head = headOf(place)
  const escaped = escapeKey(key)
  if (head.length + escaped.length <= LONGEST_NAME) return parseTaskName(head + escaped)
  const digest = createHash('sha256').update(key).digest('hex').slice(0, DIGEST_DIGITS)
  return parseTaskName(`${head}${escaped.slice(0, shownOf(head))}~${digest}`)
}

/** The name prefix of all keys with the prefix `beginning`; undefined if it is longer than names can show. */
export function namePrefixOfKeys(place: KeyedPlace, beginning: string): string | undefined {
  const head = headOf(place)
  const escaped = escapeKey(beginning)
  return escaped.length <= shownOf(head) ? head + escaped : undefined
}

/** The notes that an entry needs to hold its whole key; undefined if its name shows all of it. */
export function notesOfKey(name: TaskName, key: string): Notes | undefined {
  return name.endsWith(`/${escapeKey(key)}`) ? undefined : noteKey(key)
}

/** The key of an entry; if neither its name nor its notes hold all of it, its beginning and a digest. */
export function keyOfName(place: KeyedPlace, name: TaskName, notes?: Notes): string {
  const noted = readNotedKey(notes)
  // Notes of another key would be somebody's invention.
  if (noted !== undefined && nameOfKey(place, noted) === name) return noted
  return unescapeKey(name.slice(headOf(place).length))
}

function headOf({ group, version }: KeyedPlace): string {
  return `${group}/${version.slice(0, VERSION_DIGITS)}/`
}

function shownOf(head: string): number {
  return LONGEST_NAME - head.length - DIGEST_DIGITS - 1
}

/** Names have no white space; what they have instead stands for each sign by itself. */
function escapeKey(key: string): string {
  return key.replaceAll(/[%\s\p{C}]/gu, (sign) =>
    [...Buffer.from(sign)]
      .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
      .join(''),
  )
}

function unescapeKey(escaped: string): string {
  return escaped.replaceAll(/(?:%[0-9A-F]{2})+/g, (found) =>
    Buffer.from(found.replaceAll('%', ''), 'hex').toString(),
  )
}
