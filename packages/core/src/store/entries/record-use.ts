import { asTaskVaultError } from '../../errors.ts'
import type { ErrorCode } from '../../errors.ts'
import type { TaskKey } from '../../model/digest.ts'
import type { ChangeReason } from '../../model/explain.ts'
import type { TaskName } from '../../model/task.ts'
import { appendAudit } from '../audit/audit-log.ts'
import { reportingTrouble } from '../report-trouble.ts'
import type { Store } from '../store.ts'
import type { EntryRow } from './entries.ts'

/** Counts a hit, and marks the entry as the one used last. */
export function recordHit(
  store: Store,
  { number, task, key }: Pick<EntryRow, 'number' | 'task' | 'key'>,
  found: { readonly savedMs: number },
): void {
  const savedMs = Math.round(found.savedMs)
  const fields = { saved_ms: savedMs }
  store.uses.add({
    event: { kind: 'HIT', operation: 'get', task, key, fields, atMs: store.now() },
    hit: { number, savedMs },
  })
}

/** Logs that what no entry holds was put in place: an archive of another action. */
export function recordArchive(store: Store, { task, key }: RecordedEntry): void {
  const fields = { scope: 'archive' }
  const event = { kind: 'HIT', operation: 'get', task, key, fields, atMs: store.now() } as const
  store.uses.add({ event, hit: undefined })
}

export interface RecordedMiss {
  readonly task: TaskName
  readonly key: TaskKey
  readonly reasons: readonly ChangeReason[]
}

/** Counts a miss. Only the sort of each reason is logged, none of its details. */
export function recordMiss(store: Store, { task, key, reasons }: RecordedMiss): void {
  const kinds = [...new Set(reasons.map((reason) => reason.kind))]
  const fields = kinds.length === 0 ? {} : { because: kinds.join(',') }
  const event = { kind: 'MISS', operation: 'get', task, key, fields, atMs: store.now() } as const
  store.uses.add({ event, hit: undefined })
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
  reportingTrouble(store, attempt, () => store.database.transaction('relaxed', work))
}
