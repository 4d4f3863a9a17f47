import type { TaskKey } from './digest.ts'
import { shortDigest } from './digest.ts'

/** `ROTATE` begins every file except the first; `ACCESS` concerns keys of a server. */
export type AuditKind =
  | 'HIT'
  | 'MISS'
  | 'SAVE'
  | 'EVICT'
  | 'INVALIDATE'
  | 'QUARANTINE'
  | 'ERROR'
  | 'ROTATE'
  | 'ACCESS'

const KINDS: readonly string[] = [
  'HIT',
  'MISS',
  'SAVE',
  'EVICT',
  'INVALIDATE',
  'QUARANTINE',
  'ERROR',
  'ROTATE',
  'ACCESS',
] satisfies readonly AuditKind[]

/** One operation, for the audit log. Fields hold names, counts and codes, never contents or values of variables. */
export interface AuditEvent {
  readonly kind: AuditKind
  /** One word: `get`, `put`, `hash_error`. */
  readonly operation: string
  readonly task?: string | undefined
  readonly key?: TaskKey | undefined
  readonly fields?: Readonly<Record<string, string | number>>
  /** When it happened, if it is not logged at once; milliseconds since 1970. */
  readonly atMs?: number
}

/** A parsed line. Its chain value covers `body` and the previous chain value. */
export interface AuditLine {
  readonly kind: AuditKind
  readonly operation: string
  readonly time: string
  readonly fields: ReadonlyMap<string, string>
  readonly body: string
  readonly chain: string
}

/** The hash that chains lines, in hexadecimal; at least `CHAIN_DIGITS` of it. */
export type ChainHash = (data: string | Uint8Array) => string

/** The chain value before the first line. */
export const FIRST_CHAIN: string = '0'.repeat(32)
const CHAIN_DIGITS = 32

/** Encodes `event` as a line with its line feed; `previous` is the chain value of the line before. */
export function encodeAuditLine(
  event: AuditEvent,
  at: { readonly timeMs: number; readonly previous: string; readonly hash: ChainHash },
): { readonly line: string; readonly chain: string } {
  const { kind, operation, task, key, fields = {} } = event
  const pairs: readonly (readonly [string, string | number])[] = [
    ...(task === undefined ? [] : [['task', task] as const]),
    ...(key === undefined ? [] : [['hash', shortDigest(key)] as const, ['key', key] as const]),
    ...Object.entries(fields),
  ]
  const body = [
    `[${encodeTime(at.timeMs)}]`,
    kind,
    operation,
    ...pairs.map(([name, value]) => `${name}=${encodeValue(String(value))}`),
  ].join(' ')
  const chain = chainOf(at.previous, body, at.hash)
  return { line: `${body} chain=${chain}\n`, chain }
}

/** The chain value of a line: over the one before and everything in it up to ` chain=`. */
export function chainOf(previous: string, body: string, hash: ChainHash): string {
  return hash(previous + body).slice(0, CHAIN_DIGITS)
}

const LINE = /^(\[([^\]\s]*)\] ([A-Z]+) (\S+)(.*)) chain=([0-9a-f]{32})$/s
const FIELD = / ([a-z_]+)=("(?:[^"\\]|\\.)*"|[^\s"]+)/gsy

/** Reads one line, without its line feed; undefined when it is none of ours. */
export function parseAuditLine(text: string): AuditLine | undefined {
  const [, body, time, kind, operation, rest, chain] = LINE.exec(text) ?? []
  if (body === undefined || time === undefined || operation === undefined || chain === undefined)
    return undefined
  if (kind === undefined || !KINDS.includes(kind)) return undefined
  const fields = parseFields(rest ?? '')
  if (fields === undefined) return undefined
  return { kind: kind as AuditKind, operation, time, fields, body, chain }
}

function parseFields(text: string): Map<string, string> | undefined {
  const fields = new Map<string, string>()
  let end = 0
  for (const match of text.matchAll(FIELD)) {
    const [all, name = '', value = ''] = match
    const plain = value.startsWith('"') ? unquote(value) : value
    if (plain === undefined) return undefined
    fields.set(name, plain)
    end += all.length
  }
  return end === text.length ? fields : undefined
}

/** JSON's quotes around whatever would not be one word, with everything that is no plain text escaped. */
function encodeValue(value: string): string {
  if (/^[^\s"\\\p{C}]+$/u.test(value)) return value
  return JSON.stringify(value).replace(/[\p{C}\u2028\u2029]/gu, (char) =>
    [...toUnits(char)].map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join(''),
  )
}

function* toUnits(text: string): Generator<number> {
  for (let at = 0; at < text.length; at += 1) yield text.charCodeAt(at)
}

function unquote(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'string' ? value : undefined
  } catch {
    return undefined
  }
}

/** ISO 8601 in UTC with six digits of a second, as many as the clock gives; the others are zeros. */
function encodeTime(timeMs: number): string {
  const wholeMs = Math.floor(timeMs)
  const microseconds = Math.floor((timeMs - wholeMs) * 1_000)
  return `${new Date(wholeMs).toISOString().slice(0, -1)}${String(microseconds).padStart(3, '0')}Z`
}
