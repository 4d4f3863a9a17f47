import { FIRST_CHAIN } from '../model/audit-line.ts'
import type { Database } from './database.ts'

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

export function readAuditState(database: Database): AuditState {
  const row = database
    .prepare('SELECT file, bytes, lines, chain FROM audit_state WHERE id = 1')
    .get()
  const chain = String(row?.['chain'] ?? '')
  return {
    file: Number(row?.['file'] ?? 1),
    bytes: Number(row?.['bytes'] ?? 0),
    lines: Number(row?.['lines'] ?? 0),
    chain: chain === '' ? FIRST_CHAIN : chain,
  }
}

/** Must run inside a transaction. */
export function writeAuditState(database: Database, state: AuditState): void {
  database
    .prepare('UPDATE audit_state SET file = ?, bytes = ?, lines = ?, chain = ? WHERE id = 1')
    .run(state.file, state.bytes, state.lines, state.chain)
}
