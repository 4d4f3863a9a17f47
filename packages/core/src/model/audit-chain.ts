import { chainOf, parseAuditLine } from './audit-line.ts'
import type { AuditLine, ChainHash } from './audit-line.ts'

/** A place in the chain: how many lines precede it, and the chain value of the last of them. */
export interface ChainPlace {
  readonly lines: number
  readonly chain: string
}

export interface FollowedChain extends ChainPlace {
  /** How many bytes belong to the chain; the rest does not continue it. */
  readonly length: number
}

export interface ChainOptions {
  readonly hash: ChainHash
  /** Called for each line that continues the chain. */
  readonly onLine?: (line: AuditLine, place: FollowedChain) => void
}

/**
 * The operation of the line that accounts for bytes before it which are no line: a write that a crash
 * or a full disk cut off. It names how many they are and their digest, and continues the chain of the
 * last whole line, so that nobody can add or change such bytes later.
 */
export const INTERRUPTED = 'audit_interrupted'

const LINE_FEED = 10

/**
 * Follows the chain through `bytes` as far as it holds. `bytes` begin at the start of a line.
 */
export function followChain(
  bytes: Buffer,
  from: ChainPlace,
  { hash, onLine = () => {} }: ChainOptions,
): FollowedChain {
  let { lines, chain } = from
  let length = 0
  for (;;) {
    const next = readLine(bytes, length)
    if (next === undefined) break
    const continued = continues(next.line, chain, hash)
      ? next
      : findInterruption(bytes, { start: length, chain, hash })
    if (continued?.line === undefined) break
    ;({ chain } = continued.line)
    lines += 1
    length = continued.end
    onLine(continued.line, { lines, chain, length })
  }
  return { lines, chain, length }
}

interface ReadLine {
  /** Undefined when the text is no line of the log. */
  readonly line: AuditLine | undefined
  /** Just after the line feed. */
  readonly end: number
}

/** The line at `start`; undefined when no whole line follows. */
function readLine(bytes: Buffer, start: number): ReadLine | undefined {
  const end = bytes.indexOf(LINE_FEED, start)
  if (end < 0) return undefined
  return { line: parseAuditLine(bytes.toString('utf8', start, end)), end: end + 1 }
}

function continues(line: AuditLine | undefined, chain: string, hash: ChainHash): boolean {
  return line !== undefined && line.chain === chainOf(chain, line.body, hash)
}

/** The line that accounts for all bytes from `start` up to itself. */
function findInterruption(
  bytes: Buffer,
  { start, chain, hash }: { start: number; chain: string; hash: ChainHash },
): ReadLine | undefined {
  let at = start
  for (let next = readLine(bytes, at); next !== undefined; next = readLine(bytes, at)) {
    const { line } = next
    if (line?.operation === INTERRUPTED && continues(line, chain, hash)) {
      return accountsFor(line, bytes.subarray(start, at), hash) ? next : undefined
    }
    at = next.end
  }
  return undefined
}

function accountsFor(line: AuditLine, before: Buffer, hash: ChainHash): boolean {
  const torn = Number(line.fields.get('bytes'))
  // A line feed was put between the torn bytes and the line when they had none.
  const gap = before.length - torn
  const isSeparated = gap === 0 || (gap === 1 && before.at(-1) === LINE_FEED)
  return isSeparated && hash(before.subarray(0, torn)).startsWith(line.fields.get('digest') ?? '-')
}
