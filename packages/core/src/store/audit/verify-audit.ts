import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { asTaskVaultError, systemErrorCode } from '../../errors.ts'
import { INTERRUPTED, followChain } from '../../model/audit-chain.ts'
import type { ChainPlace } from '../../model/audit-chain.ts'
import { FIRST_CHAIN, parseAuditLine } from '../../model/audit-line.ts'
import type { Store } from '../store.ts'
import { auditHash, auditLogPath, listRotatedLogs, rotatedLogPath } from './audit-files.ts'
import { readAuditState } from './audit-state.ts'
import type { AuditState } from './audit-state.ts'

/** What checking the audit log found. */
export type AuditVerdict =
  | {
      readonly kind: 'sound'
      /** How many lines there are. The first of them is number `firstLine` of all lines ever written. */
      readonly lines: number
      readonly firstLine: number
      /** Writes that were cut off, and that a later line accounts for. */
      readonly interruptions: number
    }
  | {
      readonly kind: 'broken'
      /** Name of the file in the cache directory. */
      readonly file: string
      /** The first line that is not as written, counted from 1 in its file. */
      readonly line: number
      readonly because: BrokenBecause
      /** The line as it is now; empty at the end of the log. */
      readonly text: string
    }

/**
 * `unchained`: the line was changed, or lines before it were changed, removed or moved. `cut`: lines are
 * missing at the end, or a whole file. `rewritten`: the lines follow from one another, and are others
 * than the index saw.
 */
export type BrokenBecause = 'unchained' | 'cut' | 'rewritten'

/**
 * Checks the whole audit log, including rotated files: each line must continue the chain, and the last one must be the one
 * that the index knows. Later lines whose operation was never committed are not a fault.
 * @throws {TaskVaultError} when the log cannot be read.
 */
export function verifyAudit(store: Pick<Store, 'cacheDirectory' | 'database'>): AuditVerdict {
  // The state first: what is appended meanwhile then only comes after it.
  const state = readAuditState(store.database)
  const files = listFiles(store.cacheDirectory)
  const first = files[0]
  if (first === undefined) return state.lines === 0 ? NOTHING : cutOff('audit.log', 1)
  const start = findStart(first)
  if (start === undefined) return broken(first, 1, 'cut')
  let place: ChainPlace = start
  const seen = { interruptions: 0 }
  for (const [order, file] of files.entries()) {
    if (file.number !== undefined && file.number !== (first.number ?? 0) + order)
      return broken(file, 1, 'cut')
    const outcome = checkFile(file, place, { state, seen })
    if ('kind' in outcome) return outcome
    place = outcome
  }
  const last = files.at(-1) ?? first
  if (place.lines < state.lines) return cutOff(last.name, lineAt(last, last.bytes.length))
  return {
    kind: 'sound',
    lines: place.lines - start.lines,
    firstLine: start.lines + 1,
    interruptions: seen.interruptions,
  }
}

const NOTHING: AuditVerdict = { kind: 'sound', lines: 0, firstLine: 1, interruptions: 0 }

interface LogFile {
  readonly name: string
  /** Undefined for the file that is written to. */
  readonly number: number | undefined
  readonly bytes: Buffer
}

function listFiles(cacheDirectory: string): readonly LogFile[] {
  const rotated = listRotatedLogs(cacheDirectory).map((number) => ({
    path: rotatedLogPath(cacheDirectory, number),
    number,
  }))
  return [...rotated, { path: auditLogPath(cacheDirectory), number: undefined }].flatMap((file) => {
    const bytes = readIfThere(file.path)
    return bytes === undefined ? [] : [{ name: basename(file.path), number: file.number, bytes }]
  })
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined
    throw asTaskVaultError(error, `read ${path}`)
  }
}

/** What the first file follows from; undefined when what should come before it was taken away. */
function findStart(file: LogFile): ChainPlace | undefined {
  const end = file.bytes.indexOf(LINE_FEED)
  const line = end < 0 ? undefined : parseAuditLine(file.bytes.toString('utf8', 0, end))
  if (line?.kind !== 'ROTATE') {
    const isFirstFile = file.number === undefined || file.number === 1
    return isFirstFile ? { lines: 0, chain: FIRST_CHAIN } : undefined
  }
  const lines = Number(line.fields.get('lines'))
  const chain = line.fields.get('former')
  return Number.isSafeInteger(lines) && chain !== undefined ? { lines, chain } : undefined
}

const LINE_FEED = 10

interface Progress {
  readonly state: AuditState
  readonly seen: { interruptions: number }
}

function checkFile(
  file: LogFile,
  from: ChainPlace,
  { state, seen }: Progress,
): ChainPlace | AuditVerdict {
  let rewrittenAt: number | undefined
  const followed = followChain(file.bytes, from, {
    hash: auditHash,
    onLine(line, place) {
      if (line.operation === INTERRUPTED) seen.interruptions += 1
      if (place.lines === state.lines && place.chain !== state.chain) rewrittenAt = place.length
    },
  })
  if (rewrittenAt !== undefined) return broken(file, lineAt(file, rewrittenAt - 1), 'rewritten')
  const rest = file.bytes.subarray(followed.length)
  if (rest.length === 0) return followed
  const isKnown = followed.lines < state.lines
  const isLastFile = file.number === undefined
  // The end of a write that was cut off, and that nobody could account for yet.
  if (!isKnown && isLastFile) return followed
  const isCutOff = isLastFile && !rest.includes(LINE_FEED)
  return broken(file, lineAt(file, followed.length), isCutOff ? 'cut' : 'unchained')
}

/** The number of the line that the byte at `offset` belongs to. */
function lineAt(file: LogFile, offset: number): number {
  let line = 1
  for (const byte of file.bytes.subarray(0, offset)) if (byte === LINE_FEED) line += 1
  return line
}

function broken(file: LogFile, line: number, because: BrokenBecause): AuditVerdict {
  const text = file.bytes.toString('utf8').split('\n')[line - 1] ?? ''
  return { kind: 'broken', file: file.name, line, because, text }
}

function cutOff(file: string, line: number): AuditVerdict {
  return { kind: 'broken', file, line, because: 'cut', text: '' }
}
