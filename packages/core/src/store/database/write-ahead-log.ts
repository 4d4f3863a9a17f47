import { statSync } from 'node:fs'
import { isTaskVaultError } from '../../errors.ts'
import type { Store } from '../store.ts'
import { indexFiles } from './index-files.ts'

/** Readers that never pause keep SQLite from starting its log over; beyond this it is tried with force. */
const MAX_LOG_BYTES = 64 * 1024 * 1024

/** How long SQLite's log is now; 0 when there is none. */
export function logBytes({ cacheDirectory }: Pick<Store, 'cacheDirectory'>): number {
  const log = `${indexFiles(cacheDirectory).database}-wal`
  return statSync(log, { throwIfNoEntry: false })?.size ?? 0
}

/** Writes a log that has grown long into the database, and cuts it off. Readers may keep it from that. */
export function limitLog(
  store: Pick<Store, 'cacheDirectory' | 'database'>,
  maxBytes: number = MAX_LOG_BYTES,
): void {
  if (store.database.isReadOnly || logBytes(store) <= maxBytes) return
  try {
    store.database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()
  } catch (error) {
    if (!isTaskVaultError(error, 'DATABASE_BUSY', 'DISK_FULL')) throw error
  }
}
