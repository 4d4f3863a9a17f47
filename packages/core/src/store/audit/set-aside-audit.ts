import { readFileSync, renameSync } from 'node:fs'
import { basename } from 'node:path'
import { asTaskVaultError, systemErrorCode } from '../../errors.ts'
import type { Store } from '../store.ts'
import { auditHash, auditLogPath, listRotatedLogs, rotatedLogPath } from './audit-files.ts'
import { appendAudit } from './audit-log.ts'
import { readAuditState, writeAuditState } from './audit-state.ts'
import type { AuditVerdict } from './verify-audit.ts'

export type BrokenAudit = Extract<AuditVerdict, { kind: 'broken' }>

/**
 * Puts an audit log whose chain is broken aside, all files of it, and begins a new one. Nothing is made
 * to look as if it had never been broken: the files stay, for people to look at, and the new log says
 * which line was found broken, and the digest of what was put aside.
 * @returns the names of the files now: `audit.log.broken-<time>`, `audit.log.3.broken-<time>`.
 * @throws {TaskVaultError} PERMISSION_DENIED, DISK_FULL, DATABASE_BUSY, …
 */
export function setAsideAudit(
  store: Pick<Store, 'cacheDirectory' | 'database' | 'now'>,
  { file, line, because }: BrokenAudit,
): readonly string[] {
  const { cacheDirectory, database } = store
  const stamp = new Date(store.now()).toISOString().replaceAll(/[-:]|\.\d+/g, '')
  return database.transaction('durable', () => {
    const rotated = listRotatedLogs(cacheDirectory).map((n) => rotatedLogPath(cacheDirectory, n))
    const moved = [...rotated, auditLogPath(cacheDirectory)].flatMap(
      (path) => moveAside(path, `${path}.broken-${stamp}`) ?? [],
    )
    // What comes now follows from the last line that the index has seen, whatever became of that line.
    const state = readAuditState(database)
    writeAuditState(database, { ...state, file: state.file + 1, bytes: 0 })
    const digest = auditHash(Buffer.from(moved.map((each) => each.digest).join(''))).slice(0, 32)
    const fields = { broken: `${file}:${line}`, because, files: moved.length, digest }
    appendAudit(store, { kind: 'ERROR', operation: 'audit_set_aside', fields })
    return moved.map((each) => each.name)
  })
}

interface MovedFile {
  readonly name: string
  readonly digest: string
}

/** Undefined when there is no such file. */
function moveAside(path: string, target: string): MovedFile | undefined {
  try {
    const digest = auditHash(readFileSync(path))
    renameSync(path, target)
    return { name: basename(target), digest }
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined
    throw asTaskVaultError(error, `put ${path} aside`)
  }
}
