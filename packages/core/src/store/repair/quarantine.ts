import { asTaskVaultError } from '../../errors.ts'
import { appendAudit } from '../audit/audit-log.ts'
import type { EntryRow } from '../entries/entries.ts'
import { removeUnneededWithin } from '../removal/remove-unneeded.ts'
import type { Store } from '../store.ts'
import { moveToQuarantine } from './move-to-quarantine.ts'

/**
 * Takes an entry out of service because what it holds failed verification: its manifest goes to
 * quarantine, its rows go, and so do packs that only it needed. Trouble is reported, not thrown:
 * the caller has a miss to return.
 */
export function quarantineEntry(
  store: Store,
  entry: Pick<EntryRow, 'number' | 'task' | 'key' | 'blob'>,
  error: unknown,
): void {
  const { code } = asTaskVaultError(error, 'read an entry')
  if (store.database.isReadOnly) return
  try {
    const isGone = store.database.transaction(
      'durable',
      () => !quarantineWithin(store, entry, code),
    )
    if (isGone) return
  } catch (failure) {
    const { code: failureCode, message } = asTaskVaultError(failure, 'quarantine an entry')
    store.report({ kind: 'trouble', code: failureCode, message })
  }
  store.report({ kind: 'quarantined', task: entry.task, key: entry.key, code })
}

function quarantineWithin(
  store: Store,
  { number, task, key, blob }: Pick<EntryRow, 'number' | 'task' | 'key' | 'blob'>,
  error: string,
): boolean {
  const { database } = store
  // It may have been replaced meanwhile by one that is sound: numbers are never used twice.
  if (database.prepare('SELECT 1 FROM cache_entries WHERE number = ?').get(number) === undefined)
    return false
  const blobs = database.prepare('SELECT blob FROM entry_blobs WHERE entry = ?').all(number)
  moveToQuarantine(store.cacheDirectory, blob)
  database.prepare('DELETE FROM cache_entries WHERE number = ?').run(number)
  removeUnneededWithin(
    store,
    blobs.map((row) => Number(row['blob'])),
  )
  appendAudit(store, { kind: 'QUARANTINE', operation: 'entry', task, key, fields: { error } })
  return true
}
