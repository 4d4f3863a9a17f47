import { asTaskVaultError, isTaskVaultError } from '../../errors.ts'
import type { ErrorCode } from '../../errors.ts'
import type { TaskKey } from '../../model/digest.ts'
import type { ChangeReason } from '../../model/explain.ts'
import type { TaskName } from '../../model/task.ts'
import { appendAudit } from '../audit/audit-log.ts'
import type { Store } from '../store.ts'
import type { EntryRow } from './entries.ts'

/**
 * Counts a hit, and marks the entry as the one used last. Like the others here it reports trouble and
 * goes on: a hit is one even when it cannot be written down.
 */
export function recordHit(
  store: Store,
  entry: Pick<EntryRow, 'number' | 'task' | 'key'>,
  { savedMs }: { readonly savedMs: number },
): void {
  record(store, 'count a hit', () => {
    // Later than every use so far, even when the clock was set back: the order of uses is what counts.
    store.database
      .prepare(
        `UPDATE cache_entries SET hits = hits + 1, accessed_at =
           max(?, (SELECT coalesce(max(accessed_at), 0) + 1 FROM cache_entries)) WHERE number = ?`,
      )
      .run(store.now(), entry.number)
    store.database
      .prepare('UPDATE totals SET hits = hits + 1, saved_ms = saved_ms + ? WHERE id = 1')
      .run(Math.round(savedMs))
    const { task, key } = entry
    appendAudit(store, {
      kind: 'HIT',
      operation: 'get',
      task,
      key,
      fields: { saved_ms: Math.round(savedMs) },
    })
  })
}

export interface RecordedMiss {
  readonly task: TaskName
  readonly key: TaskKey
  readonly reasons: readonly ChangeReason[]
}

/** Counts a miss. Only the sort of each reason is logged, none of its details. */
export function recordMiss(store: Store, { task, key, reasons }: RecordedMiss): void {
  record(store, 'count a miss', () => {
    store.database.prepare('UPDATE totals SET misses = misses + 1 WHERE id = 1').run()
    const kinds = [...new Set(reasons.map((reason) => reason.kind))]
    const fields = kinds.length === 0 ? {} : { because: kinds.join(',') }
    appendAudit(store, { kind: 'MISS', operation: 'get', task, key, fields })
  })
}

interface RecordedEntry {
  readonly task: TaskName
  readonly key: TaskKey
}

/** Logs that an entry was sent to the remote store. */
export function recordSent(store: Store, { task, key }: RecordedEntry, bytes: number): void {
  record(store, 'log a transfer', () => {
    appendAudit(store, { kind: 'SAVE', operation: 'push', task, key, fields: { bytes } })
  })
}

/** Logs that an entry of the remote store was not what it should have been, and tells so. */
export function recordRefusal(
  store: Store,
  { task, key, scope }: RecordedEntry & { readonly scope: string },
  code: ErrorCode,
): void {
  record(store, 'log a refusal', () => {
    const fields = { error: code, scope }
    appendAudit(store, { kind: 'QUARANTINE', operation: 'remote', task, key, fields })
  })
  store.report({ kind: 'quarantined', task, key, code })
}

export interface RecordedError {
  /** One word: `hash_error`, `save_error`. */
  readonly operation: string
  readonly task?: TaskName | undefined
  readonly error: unknown
}

/** Logs that something failed, by the failure's code: messages may hold what is nobody's business. */
export function recordError(store: Store, { operation, task, error }: RecordedError): void {
  const { code } = asTaskVaultError(error, operation)
  record(store, 'log an error', () => {
    appendAudit(store, { kind: 'ERROR', operation, task, fields: { error: code } })
  })
}

function record(store: Store, attempt: string, work: () => void): void {
  if (store.database.isReadOnly) return
  try {
    store.database.transaction('relaxed', work)
  } catch (error) {
    if (!isTaskVaultError(error)) throw error
    const message = `Could not ${attempt}: ${error.message}`
    store.report({ kind: 'trouble', code: error.code, message })
  }
}
