import { TaskVaultError } from '../errors.ts'
import { parseBlobName } from './blob-name.ts'
import { isDigest } from './digest.ts'
import type { TaskKey } from './digest.ts'
import type { EntryRecord, NeededBlob, RecordSignature, Writer } from './entry-record.ts'
import { isMoment } from './is-moment.ts'
import type { Origin } from './manifest.ts'
import { parseTaskName } from './task.ts'

/** Packs that one entry can need; more are an attack on memory. */
const MOST_PACKS = 10_000

/**
 * Reads a record from JSON that came from elsewhere, trusting nothing; fields that are not known are
 * left out.
 * @throws {TaskVaultError} REMOTE_INVALID when a field is missing or malformed.
 */
export function parseEntryRecord(value: unknown): EntryRecord {
  const fields = readFields(value, 'it')
  const packs = readList(fields, 'packs')
  if (packs.length > MOST_PACKS) throw malformed(`it needs ${packs.length} packs`)
  return {
    id: readText(fields, 'id'),
    scope: readText(fields, 'scope'),
    task: parseShaped(fields, 'task', parseTaskName),
    key: parseShaped(fields, 'key', parseKey),
    manifest: readNeeded(fields['manifest'], 'manifest'),
    packs: packs.map((pack) => readNeeded(pack, 'packs')),
    sizeBytes: readCount(fields, 'sizeBytes'),
    fileCount: readCount(fields, 'fileCount'),
    exitCode: readCount(fields, 'exitCode'),
    durationMs: readAmount(fields, 'durationMs'),
    createdAtMs: readMoment(fields, 'createdAtMs'),
    expiresAtMs: isAbsent(fields['expiresAtMs']) ? undefined : readCount(fields, 'expiresAtMs'),
    origin: readOrigin(fields['origin']),
    writer: isAbsent(fields['writer']) ? undefined : readWriter(fields['writer']),
    restored: readList(fields, 'restored').map((id) => asText(id, 'restored')),
    signature: isAbsent(fields['signature']) ? undefined : readSignature(fields['signature']),
  }
}

type Fields = Readonly<Record<string, unknown>>

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null
}

function readFields(value: unknown, what: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw malformed(`${what} is not an object`)
  return value as Fields
}

/** As long as anything that people name. */
const LONGEST_TEXT = 2_000

function asText(value: unknown, name: string): string {
  if (typeof value !== 'string' || value.length > LONGEST_TEXT)
    throw malformed(`"${name}" is not a string of a sensible length`)
  return value
}

function readText(fields: Fields, name: string): string {
  return asText(fields[name], name)
}

function readCount(fields: Fields, name: string): number {
  const value = fields[name]
  if (!Number.isSafeInteger(value) || Number(value) < 0) throw malformed(`"${name}" is not a count`)
  return Number(value)
}

function readMoment(fields: Fields, name: string): number {
  const value = readCount(fields, name)
  if (!isMoment(value)) throw malformed(`"${name}" is not a time`)
  return value
}

function readAmount(fields: Fields, name: string): number {
  const value = fields[name]
  if (typeof value !== 'number' || !(value >= 0) || !Number.isFinite(value))
    throw malformed(`"${name}" is not an amount`)
  return value
}

function readList(fields: Fields, name: string): readonly unknown[] {
  const value = fields[name]
  if (!Array.isArray(value)) throw malformed(`"${name}" is not a list`)
  return value
}

function parseShaped<Text>(fields: Fields, name: string, parse: (text: string) => Text): Text {
  try {
    return parse(readText(fields, name))
  } catch (error) {
    throw malformed(`"${name}" is malformed`, error)
  }
}

function parseKey(text: string): TaskKey {
  if (!isDigest(text)) throw malformed('its key is not a digest')
  return text
}

function readNeeded(value: unknown, name: string): NeededBlob {
  const fields = readFields(value, `"${name}"`)
  return {
    name: parseShaped(fields, 'name', parseBlobName),
    sizeBytes: readCount(fields, 'sizeBytes'),
  }
}

function readOrigin(value: unknown): Origin {
  const fields = readFields(value, '"origin"')
  const named = ['branch', 'commit', 'platform', 'user'].filter((name) => !isAbsent(fields[name]))
  return Object.fromEntries(named.map((name) => [name, readText(fields, name)]))
}

function readWriter(value: unknown): Writer {
  const fields = readFields(value, '"writer"')
  const claims = Object.entries(readFields(fields['claims'], '"claims"'))
  return {
    issuer: readText(fields, 'issuer'),
    subject: readText(fields, 'subject'),
    claims: Object.fromEntries(claims.map(([name, claim]) => [name, asText(claim, name)])),
  }
}

function readSignature(value: unknown): RecordSignature {
  const fields = readFields(value, '"signature"')
  return { keyId: readText(fields, 'keyId'), value: readText(fields, 'value') }
}

function malformed(detail: string, cause?: unknown): TaskVaultError {
  return new TaskVaultError('REMOTE_INVALID', `The record of an entry is malformed: ${detail}`, {
    cause,
  })
}
