import type { Store } from '../store.ts'

/**
 * Brings entries from the future back to now: they were published before the clock was set back, and
 * must not outlive their time to live by as much. Each keeps the time to live that it had.
 *
 * Creation times never decrease with the numbers of entries, so those from the future are the last
 * ones; without any, this costs one look at the newest entry.
 */
export function settleClock(store: Store): void {
  const { database } = store
  if (database.isReadOnly || !hasFutureEntry(store)) return
  database.transaction('relaxed', () => settleEntries(store))
}

/** The same inside a transaction. */
export function settleEntries(store: Store): void {
  if (!hasFutureEntry(store)) return
  const nowMs = store.now()
  const lastOfPast = store.database
    .prepare('SELECT number FROM cache_entries WHERE created_at <= ? ORDER BY number DESC LIMIT 1')
    .get(nowMs)
  store.database
    .prepare(
      `UPDATE cache_entries SET expires_at = expires_at - created_at + ?, created_at = ?
       WHERE number > ? AND created_at > ?`,
    )
    .run(nowMs, nowMs, Number(lastOfPast?.['number'] ?? -1), nowMs)
}

function hasFutureEntry(store: Store): boolean {
  const newest = store.database
    .prepare('SELECT created_at FROM cache_entries ORDER BY number DESC LIMIT 1')
    .get()
  return newest !== undefined && Number(newest['created_at']) > store.now()
}
