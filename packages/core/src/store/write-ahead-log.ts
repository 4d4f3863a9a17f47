import { statSync } from 'node:fs'
import { isTaskVaultError } from '../errors.ts'
import { indexFiles } from './index-files.ts'
import type { Store } from './store.ts'

/** Readers that never pause keep SQLite from starting its log over; beyond this it is tried with force. */
const MAX_LOG_BYTES = 64 * 1024 * 1024

/** Writes a log that has grown long into the database, and cuts it off. Readers may keep it from that. */
export function limitLog(
  store: Pick<Store, 'cacheDirectory' | 'database'>,
  maxBytes: number = MAX_LOG_BYTES,
): void {
  const log = `${indexFiles(store.cacheDirectory).database}-wal`
  if (store.database.isReadOnly) return
  if ((statSync(log, { throwIfNoEntry: false })?.size ?? 0) <= maxBytes) return
  try {
    store.database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()
  } catch (error) {
    if (!isTaskVaultError(error, 'DATABASE_BUSY', 'DISK_FULL')) throw error
  }
}
