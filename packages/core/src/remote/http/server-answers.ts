import { asFields, asNumber, asText, asTexts, malformed } from './answer-fields.ts'

/*
 * What a TaskVault server answers its administrators (docs/protocol.md). Fields that are not known are
 * left out, and texts keep whatever they hold: who shows them makes them fit for that.
 */

/** An API key without its secret. */
export interface ServerKey {
  readonly id: string
  readonly name: string
  readonly role: string
  readonly project: string
  readonly writes: string
  readonly reads: readonly string[]
  readonly addresses: readonly string[]
  readonly createdAtMs: number
  readonly expiresAtMs: number
  readonly revokedAtMs: number | undefined
}

/** An entry of any protocol, with the fields that all of them have. */
export interface ServerEntry {
  readonly id: string
  readonly scope: string
  /** Undefined for entries of other protocols. */
  readonly task: string | undefined
  readonly key: string
  readonly createdAtMs: number
  readonly isQuarantined: boolean
  readonly writer: ServerWriter | undefined
  /** Id of the key that signed it. */
  readonly signedBy: string | undefined
  /** Ids of all entries that its job had restored. */
  readonly restored: readonly string[]
}

export interface ServerWriter {
  readonly issuer: string
  readonly subject: string
  readonly claims: Readonly<Record<string, string>>
}

/** An entry, and the entries that its job had restored before writing it, recursively. */
export interface EntryHistory {
  readonly entry: ServerEntry
  readonly restored: readonly EntryHistory[]
}

/** Deeper ones are not read. */
const DEEPEST = 500

/** @throws {TaskVaultError} REMOTE_INVALID, like all that follow. */
export function parseKeysAnswer(value: unknown): readonly ServerKey[] {
  const { keys } = asFields(value)
  if (!Array.isArray(keys)) throw malformed('list of keys')
  return keys.map(parseKey)
}

export function parseCreatedKeyAnswer(value: unknown): {
  readonly key: ServerKey
  readonly secret: string
} {
  const { key, secret } = asFields(value)
  // It is shown as it is, to be copied.
  if (typeof secret !== 'string' || !/^[\x21-\x7e]{1,500}$/.test(secret)) throw malformed('key')
  return { key: parseKey(key), secret }
}

export function parseCountAnswer(value: unknown): number {
  const { count } = asFields(value)
  if (typeof count !== 'number' || !Number.isSafeInteger(count)) throw malformed('count')
  return count
}

export function parseHistoryAnswer(value: unknown, depth = 0): EntryHistory {
  const { entry, restored } = asFields(value)
  if (!Array.isArray(restored)) throw malformed('history')
  const isRead = depth < DEEPEST
  return {
    entry: parseServerEntry(entry),
    restored: isRead ? restored.map((each) => parseHistoryAnswer(each, depth + 1)) : [],
  }
}

function parseServerEntry(value: unknown): ServerEntry {
  const fields = asFields(value)
  const { task, writer, signature, isQuarantined } = fields
  return {
    id: asText(fields['id']),
    scope: asText(fields['scope']),
    task: isAbsent(task) ? undefined : asText(task),
    key: asText(fields['key']),
    createdAtMs: asNumber(fields['createdAtMs']),
    isQuarantined: isQuarantined === true,
    writer: isAbsent(writer) ? undefined : parseWriter(writer),
    signedBy: isAbsent(signature) ? undefined : asText(asFields(signature)['keyId']),
    restored: asTexts(fields['restored']),
  }
}

function parseWriter(value: unknown): ServerWriter {
  const { issuer, subject, claims } = asFields(value)
  const pairs = Object.entries(asFields(claims)).map(
    ([name, text]) => [name, asText(text)] as const,
  )
  return { issuer: asText(issuer), subject: asText(subject), claims: Object.fromEntries(pairs) }
}

function parseKey(value: unknown): ServerKey {
  const fields = asFields(value)
  const { revokedAtMs } = fields
  return {
    id: asText(fields['id']),
    name: asText(fields['name']),
    role: asText(fields['role']),
    project: asText(fields['project']),
    writes: asText(fields['writes']),
    reads: asTexts(fields['reads']),
    addresses: asTexts(fields['addresses']),
    createdAtMs: asNumber(fields['createdAtMs']),
    expiresAtMs: asNumber(fields['expiresAtMs']),
    revokedAtMs: isAbsent(revokedAtMs) ? undefined : asNumber(revokedAtMs),
  }
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null
}
