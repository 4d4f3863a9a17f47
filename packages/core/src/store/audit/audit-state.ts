import { TaskVaultError } from '../../errors.ts'
import { FIRST_CHAIN } from '../../model/audit-line.ts'
import type { Database } from '../database/database.ts'

/** Where the audit log ends, as the index knows it. */
export interface AuditState {
  /** Number of the file that is written to; it counts from 1 and grows with each rotation. */
  readonly file: number
  readonly bytes: number
  /** Of all files together, those that are gone included. */
  readonly lines: number
  /** The last line's. */
  readonly chain: string
}

/** @throws {TaskVaultError} DATABASE_CORRUPT when the index says what cannot be. */
export function readAuditState(database: Database): AuditState {
  const row = database
    .prepare('SELECT file, bytes, lines, chain FROM audit_state WHERE id = 1')
    .get()
  const { file = 1, bytes = 0, lines = 0, chain = '' } = row ?? {}
  if (!isCount(file) || !isCount(bytes) || !isCount(lines) || typeof chain !== 'string') {
    throw new TaskVaultError(
      'DATABASE_CORRUPT',
      'The index does not say where the audit log ends',
      {
        hint: 'Run `taskvault doctor --repair`.',
      },
    )
  }
  return { file, bytes, lines, chain: chain === '' ? FIRST_CHAIN : chain }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

/** Must run inside a transaction. */
export function writeAuditState(database: Database, state: AuditState): void {
  database
    .prepare('UPDATE audit_state SET file = ?, bytes = ?, lines = ?, chain = ? WHERE id = 1')
    .run(state.file, state.bytes, state.lines, state.chain)
}
