import { isTaskVaultError } from '../../errors.ts'
import { readAuditState } from '../audit/audit-state.ts'
import type { Store } from '../store.ts'
import type { Finding } from './findings.ts'

/** What SQLite's own check of every page and index finds; at most 20 faults. */
export function verifyIndex({ database }: Pick<Store, 'database'>): Finding[] {
  try {
    const rows = database.prepare('PRAGMA integrity_check(20)').all()
    const faults = rows.map((row) => String(row['integrity_check'])).filter((text) => text !== 'ok')
    const orphans = database.prepare('PRAGMA foreign_key_check').all()
    const details =
      orphans.length === 0 ? faults : [...faults, `${orphans.length} rows refer to none`]
    // Throws when it cannot be: nothing could be written to the audit log any more.
    readAuditState(database)
    return details.map((detail) => ({ kind: 'index-damaged', detail }))
  } catch (error) {
    if (!isTaskVaultError(error, 'DATABASE_CORRUPT')) throw error
    return [{ kind: 'index-damaged', detail: error.message }]
  }
}

/** What each counter should be; one statement each, so that it is compared at one moment. */
const COUNTERS: Readonly<Record<string, string>> = {
  entries: 'SELECT entries AS counted, (SELECT count(*) FROM cache_entries) AS found FROM totals',
  entry_bytes:
    'SELECT entry_bytes AS counted, (SELECT coalesce(sum(size), 0) FROM cache_entries) AS found FROM totals',
  stored_bytes:
    'SELECT stored_bytes AS counted, (SELECT coalesce(sum(size), 0) FROM blobs) AS found FROM totals',
  refs: `SELECT 0 AS counted, count(*) AS found FROM blobs AS b
    WHERE refs <> (SELECT count(*) FROM entry_blobs WHERE blob = b.number)`,
}

/** Compares the sums that triggers keep with what they are sums of. */
export function verifyCounters({ database }: Pick<Store, 'database'>): Finding[] {
  return Object.entries(COUNTERS).flatMap(([counter, sql]) => {
    const row = database.prepare(sql).get()
    const [is, shouldBe] = [Number(row?.['counted']), Number(row?.['found'])]
    if (is === shouldBe) return []
    // For `refs`, the number of blobs whose count is wrong.
    return [{ kind: 'counter-wrong' as const, counter, is, shouldBe }]
  })
}

export function repairCounters({ database }: Pick<Store, 'database'>): void {
  database.transaction('durable', () => {
    database.exec(`
      UPDATE blobs SET refs = (SELECT count(*) FROM entry_blobs WHERE blob = blobs.number)
        WHERE refs <> (SELECT count(*) FROM entry_blobs WHERE blob = blobs.number);
      UPDATE totals SET
        entries = (SELECT count(*) FROM cache_entries),
        entry_bytes = (SELECT coalesce(sum(size), 0) FROM cache_entries),
        stored_bytes = (SELECT coalesce(sum(size), 0) FROM blobs);
    `)
  })
}
