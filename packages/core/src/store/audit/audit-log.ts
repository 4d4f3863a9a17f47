import { closeSync, fstatSync, openSync, readSync, renameSync, writeSync } from 'node:fs'
import { TaskVaultError, asTaskVaultError, systemErrorCode } from '../../errors.ts'
import { removeFile } from '../../files/remove-file.ts'
import { encodeAuditLine } from '../../model/audit-line.ts'
import type { AuditEvent } from '../../model/audit-line.ts'
import type { Store } from '../store.ts'
import { auditHashOf, auditLogPath, listRotatedLogs, rotatedLogPath } from './audit-files.ts'
import { reconcileAudit } from './audit-recovery.ts'
import { readAuditState, writeAuditState } from './audit-state.ts'
import type { AuditState } from './audit-state.ts'

export interface AuditLimits {
  /** A file is rotated rather than grow beyond it. */
  readonly fileBytes: number
  /** Rotated files that are kept; the oldest go. */
  readonly keptFiles: number
}

const LIMITS: AuditLimits = { fileBytes: 64 * 1024 * 1024, keptFiles: 8 }

type AuditedStore = Pick<Store, 'cacheDirectory' | 'database' | 'now'>

/**
 * Appends one line to the audit log. Must run inside a transaction, as its last step: the write lock
 * keeps the chain from forking, and the commit makes the index know where the log ends.
 *
 * What a crash left behind the known end is kept and accounted for: whole lines that continue the
 * chain are taken over, anything else is named by a line `ERROR audit_interrupted`.
 * @throws {TaskVaultError} DISK_FULL, PERMISSION_DENIED, TOO_MANY_OPEN_FILES, IO_FAILED.
 */
export function appendAudit(
  store: AuditedStore,
  event: AuditEvent,
  limits: AuditLimits = LIMITS,
): void {
  appendAuditLines(store, [event], limits)
}

/** The same for several operations, a line for each. */
export function appendAuditLines(
  store: AuditedStore,
  events: readonly AuditEvent[],
  limits: AuditLimits = LIMITS,
): void {
  const path = auditLogPath(store.cacheDirectory)
  try {
    const known = readAuditState(store.database)
    const { state, note } = reconcileAudit(store.cacheDirectory, known)
    const noted =
      note === undefined ? state : write(store, state, { ...note, events: [note.event] })
    const begun = noted.bytes < limits.fileBytes ? noted : rotate(store, noted, limits)
    const headed =
      begun.bytes === 0 && begun.file > 1 ? write(store, begun, rotation(begun)) : begun
    writeAuditState(store.database, write(store, headed, { events, prefix: '' }))
  } catch (error) {
    throw asTaskVaultError(error, `append to ${path}`)
  }
}

/** Returns the last `count` lines of the log, unchanged, oldest first. */
export function tailAudit(cacheDirectory: string, count: number): string[] {
  const files = [
    auditLogPath(cacheDirectory),
    ...listRotatedLogs(cacheDirectory)
      .toReversed()
      .map((number) => rotatedLogPath(cacheDirectory, number)),
  ]
  let lines: string[] = []
  for (const file of files) {
    if (lines.length >= count) break
    lines = [...readLastLines(file, count - lines.length), ...lines]
  }
  return lines
}

interface Writing {
  readonly events: readonly AuditEvent[]
  readonly prefix: string
}

function write(store: AuditedStore, state: AuditState, { events, prefix }: Writing): AuditState {
  const hash = auditHashOf(events.length)
  let text = prefix
  let { chain } = state
  for (const event of events) {
    const { atMs = store.now() } = event
    const encoded = encodeAuditLine(event, { timeMs: atMs, previous: chain, hash })
    text += encoded.line
    ;({ chain } = encoded)
  }
  const bytes = Buffer.from(text)
  const descriptor = openSync(auditLogPath(store.cacheDirectory), 'a', 0o644)
  try {
    // One call: what a full disk takes only in part is found by the next append.
    if (writeSync(descriptor, bytes) < bytes.length) {
      throw new TaskVaultError('DISK_FULL', 'The audit log took only part of a line', {
        hint: 'Free some space.',
      })
    }
  } finally {
    closeSync(descriptor)
  }
  const { file, lines } = state
  return { file, bytes: state.bytes + bytes.length, lines: lines + events.length, chain }
}

function rotate(store: AuditedStore, state: AuditState, limits: AuditLimits): AuditState {
  const { cacheDirectory } = store
  renameSync(auditLogPath(cacheDirectory), rotatedLogPath(cacheDirectory, state.file))
  for (const number of listRotatedLogs(cacheDirectory)) {
    if (number <= state.file - limits.keptFiles) removeFile(rotatedLogPath(cacheDirectory, number))
  }
  return { ...state, file: state.file + 1, bytes: 0 }
}

/** First line of each file but the first: from it on, the chain can be checked without those before. */
function rotation({ file, lines, chain }: AuditState): Writing {
  return {
    events: [{ kind: 'ROTATE', operation: 'log', fields: { file, lines, former: chain } }],
    prefix: '',
  }
}

const BLOCK_BYTES = 64 * 1024

function readLastLines(file: string, count: number): string[] {
  let descriptor: number
  try {
    descriptor = openSync(file, 'r')
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return []
    throw asTaskVaultError(error, `read ${file}`)
  }
  try {
    let start = fstatSync(descriptor).size
    const blocks: Buffer[] = []
    let lineFeeds = 0
    while (start > 0 && lineFeeds <= count) {
      const block = Buffer.alloc(Math.min(BLOCK_BYTES, start))
      start -= block.length
      const got = readSync(descriptor, block, 0, block.length, start)
      blocks.push(block.subarray(0, got))
      for (const byte of block.subarray(0, got)) if (byte === 10) lineFeeds += 1
    }
    return Buffer.concat(blocks.toReversed())
      .toString('utf8')
      .split('\n')
      .filter((line) => line !== '')
      .slice(-count)
  } finally {
    closeSync(descriptor)
  }
}
