import { TaskVaultError } from '../errors.ts'
import { isDigest } from './digest.ts'
import type { TaskKey } from './digest.ts'
import { encodeFingerprint, parseFingerprint } from './fingerprint.ts'
import type { Fingerprint } from './fingerprint.ts'
import { parseTaskName } from './task.ts'
import type { TaskName } from './task.ts'

/** Why the save that follows has nothing to do, however the work ends. */
export type NothingToSave = 'restored' | 'trouble' | 'read-only'

/** What a restore leaves for the save that follows in another process. */
export interface BegunWork {
  readonly task: TaskName
  readonly startedAtMs: number
  /** Undefined if the result is to be saved. */
  readonly nothingToSave: NothingToSave | undefined
  /** Undefined only if trouble kept it from being computed. */
  readonly key: TaskKey | undefined
  /** Only if the result is to be saved: it can be long, and a hit must be fast. */
  readonly fingerprint: Fingerprint | undefined
  /** The globs. With what follows, they are what the fingerprint is made again from. */
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly outputPatterns: readonly string[]
  readonly salt: string | undefined
  /** The command as given; undefined if it does not count for the key. */
  readonly command: string | readonly string[] | undefined
  /** Relative to the project root; empty for the root. */
  readonly relativeDirectory: string
  /** Whether this is a tool's cache. */
  readonly isCache: boolean
  /** For a cache: whether missing paths are allowed. */
  readonly isLoose: boolean
}

const FORMAT = 1
const REASONS: readonly NothingToSave[] = ['restored', 'trouble', 'read-only']

/** JSON text; values of variables are not in it, only the digests that the fingerprint has. */
export function encodeBegunWork({ fingerprint, ...work }: BegunWork): string {
  const encoded = fingerprint === undefined ? undefined : encodeFingerprint(fingerprint)
  return `${JSON.stringify({ format: FORMAT, ...work, fingerprint: encoded })}\n`
}

/**
 * Reads what `encodeBegunWork` wrote, trusting nothing.
 * @throws {TaskVaultError} FORMAT_UNSUPPORTED or ENTRY_DAMAGED.
 */
export function parseBegunWork(text: string): BegunWork {
  const fields = readObject(text)
  if (fields['format'] !== FORMAT) {
    throw new TaskVaultError('FORMAT_UNSUPPORTED', 'It was written by another version of TaskVault')
  }
  const { nothingToSave, fingerprint, command, startedAtMs } = fields
  if (typeof startedAtMs !== 'number' || !Number.isFinite(startedAtMs)) throw damaged('startedAtMs')
  const reason = REASONS.find((known) => known === nothingToSave)
  if (nothingToSave !== undefined && reason === undefined) throw damaged('nothingToSave')
  const work = {
    task: readTask(fields),
    startedAtMs,
    nothingToSave: reason,
    key: fields['key'] === undefined ? undefined : readKey(fields),
    fingerprint: fingerprint === undefined ? undefined : readFingerprint(fields),
    inputs: readTexts(fields, 'inputs'),
    outputs: readTexts(fields, 'outputs'),
    outputPatterns:
      fields['outputPatterns'] === undefined ? [] : readTexts(fields, 'outputPatterns'),
    salt: fields['salt'] === undefined ? undefined : readText(fields, 'salt'),
    command: command === undefined ? undefined : readCommand(fields),
    relativeDirectory: readText(fields, 'relativeDirectory'),
    isCache: fields['isCache'] === true,
    isLoose: fields['isLoose'] === true,
  }
  if (reason === undefined && work.fingerprint === undefined) throw damaged('fingerprint')
  return work
}

type Fields = Readonly<Record<string, unknown>>

function readObject(text: string): Fields {
  try {
    const value: unknown = JSON.parse(text)
    // Checked: not null, no array; the fields are checked one by one.
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields
  } catch {
    // Told below, like everything else that is malformed.
  }
  throw refused('it is not a JSON object')
}

function readTask(fields: Fields): TaskName {
  try {
    return parseTaskName(readText(fields, 'task'))
  } catch {
    throw damaged('task')
  }
}

function readKey(fields: Fields): TaskKey {
  const key = readText(fields, 'key')
  if (!isDigest(key)) throw damaged('key')
  return key
}

function readFingerprint(fields: Fields): Fingerprint {
  const fingerprint = parseFingerprint(readText(fields, 'fingerprint'))
  if (fingerprint.task !== fields['task']) throw damaged('fingerprint')
  return fingerprint
}

function readCommand(fields: Fields): string | readonly string[] {
  return typeof fields['command'] === 'string' ? fields['command'] : readTexts(fields, 'command')
}

function readText(fields: Fields, name: string): string {
  const value = fields[name]
  if (typeof value !== 'string') throw damaged(name)
  return value
}

function readTexts(fields: Fields, name: string): readonly string[] {
  const value = fields[name]
  if (!Array.isArray(value) || !value.every((one) => typeof one === 'string')) throw damaged(name)
  return value
}

function damaged(field: string): TaskVaultError {
  return refused(`"${field}" is malformed`)
}

function refused(detail: string): TaskVaultError {
  return new TaskVaultError(
    'ENTRY_DAMAGED',
    `It is not what \`taskvault restore\` leaves: ${detail}`,
  )
}
