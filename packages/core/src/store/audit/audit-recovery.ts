import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { systemErrorCode } from '../../errors.ts'
import { INTERRUPTED, followChain } from '../../model/audit-chain.ts'
import { FIRST_CHAIN, parseAuditLine } from '../../model/audit-line.ts'
import type { AuditEvent } from '../../model/audit-line.ts'
import { auditHash, auditLogPath, listRotatedLogs, rotatedLogPath } from './audit-files.ts'
import type { AuditState } from './audit-state.ts'

export interface ReconciledAudit {
  /** Where the log really ends. */
  readonly state: AuditState
  /** What has to be said about it in the log; written with `prefix` before it. */
  readonly note: { readonly event: AuditEvent; readonly prefix: string } | undefined
}

/**
 * Compares the log with where it should end. They differ after a crash between writing a line and
 * committing, when the disk was full, and when somebody touched the log.
 */
export function reconcileAudit(cacheDirectory: string, known: AuditState): ReconciledAudit {
  const current = auditLogPath(cacheDirectory)
  const sizeBytes = sizeOf(current)
  if (sizeBytes === known.bytes) return { state: known, note: undefined }
  // The file was rotated, and the commit that should have said so never came.
  const rotated = rotatedLogPath(cacheDirectory, known.file)
  if (sizeOf(rotated) < known.bytes || sizeOf(rotated) === 0) return reconcileFile(current, known)
  const { state, note } = reconcileFile(rotated, known)
  const next = reconcileFile(current, { ...state, file: state.file + 1, bytes: 0 })
  return next.note === undefined ? { state: next.state, note } : next
}

function reconcileFile(file: string, known: AuditState): ReconciledAudit {
  const bytes = readFrom(file, Math.max(0, known.bytes - 1))
  const sizeBytes = sizeOf(file)
  if (sizeBytes < known.bytes) {
    const event = interruption('audit_cut', { missing: known.bytes - sizeBytes })
    const prefix = sizeBytes === 0 || lastByteOf(file, sizeBytes) === LINE_FEED ? '' : '\n'
    return { state: { ...known, bytes: sizeBytes }, note: { event, prefix } }
  }
  const tail = known.bytes === 0 ? bytes : bytes.subarray(1)
  const { chain, lines, length } = followChain(tail, known, { hash: auditHash })
  const state = { ...known, chain, lines, bytes: sizeBytes }
  const torn = tail.subarray(length)
  if (torn.length === 0) return { state, note: undefined }
  const digest = auditHash(torn).slice(0, 32)
  const event = interruption(INTERRUPTED, { bytes: torn.length, digest })
  return { state, note: { event, prefix: torn.at(-1) === LINE_FEED ? '' : '\n' } }
}

const LINE_FEED = 10

function interruption(
  operation: string,
  fields: Readonly<Record<string, string | number>>,
): AuditEvent {
  return { kind: 'ERROR', operation, fields }
}

/** The size of a file; 0 when there is none. */
function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}

function lastByteOf(file: string, sizeBytes: number): number | undefined {
  return readFrom(file, sizeBytes - 1).at(-1)
}

function readFrom(file: string, start: number): Buffer {
  let descriptor: number
  try {
    descriptor = openSync(file, 'r')
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return Buffer.alloc(0)
    throw error
  }
  try {
    const bytes = Buffer.alloc(Math.max(0, fstatSync(descriptor).size - start))
    const got = readSync(descriptor, bytes, 0, bytes.length, start)
    return bytes.subarray(0, got)
  } finally {
    closeSync(descriptor)
  }
}

/**
 * Where the log ends, from the log alone: for an index that was lost. The chain is not checked here;
 * a line that was changed stays one that `verifyAudit` finds.
 */
export function findAuditEnd(cacheDirectory: string): AuditState {
  const rotated = listRotatedLogs(cacheDirectory).at(-1)
  const begun: AuditState = { file: (rotated ?? 0) + 1, bytes: 0, lines: 0, chain: FIRST_CHAIN }
  const current = findFileEnd(auditLogPath(cacheDirectory), begun)
  if (current.bytes > 0 || rotated === undefined) return current
  const former = findFileEnd(rotatedLogPath(cacheDirectory, rotated), { ...begun, file: rotated })
  return { ...former, file: begun.file, bytes: 0 }
}

function findFileEnd(file: string, begun: AuditState): AuditState {
  const bytes = readFrom(file, 0)
  let [lines, state] = [0, begun]
  for (
    let start = 0, end = bytes.indexOf(LINE_FEED);
    end >= 0;
    end = bytes.indexOf(LINE_FEED, start)
  ) {
    const line = parseAuditLine(bytes.toString('utf8', start, end))
    start = end + 1
    if (line === undefined) continue
    if (line.kind === 'ROTATE') lines = Number(line.fields.get('lines')) || lines
    lines += 1
    state = { ...begun, bytes: start, lines, chain: line.chain }
  }
  return state
}
