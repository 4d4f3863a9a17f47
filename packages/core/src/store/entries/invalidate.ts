import type { TaskKey } from '../../model/digest.ts'
import type { TaskName } from '../../model/task.ts'
import type { Store } from '../store.ts'
import { listEntries } from './entries.ts'
import type { EntryRow } from './entries.ts'
import { removeWithin } from './remove-entry.ts'

/** Which entries to remove. */
export type Invalidation =
  | { readonly task: TaskName }
  | { readonly key: TaskKey }
  | { readonly entries: (entry: EntryRow) => boolean }

/** Entries that one transaction removes at most: others wait for its lock. */
const BATCH_ENTRIES = 500

/**
 * Removes entries, and every blob that only they needed.
 * @returns how many entries.
 * @throws {TaskVaultError} PERMISSION_DENIED when the store is read-only; also what the database throws.
 */
export function invalidate(store: Store, which: Invalidation): number {
  const chosen = [...choose(store, which)]
  let count = 0
  for (let start = 0; start < chosen.length; start += BATCH_ENTRIES) {
    const batch = chosen.slice(start, start + BATCH_ENTRIES)
    // Durable: what was said to be gone must not come back with a loss of power.
    count += store.database.transaction('durable', () => removeAll(store, batch))
  }
  return count
}

function removeAll(store: Store, numbers: readonly number[]): number {
  const audit = { kind: 'INVALIDATE', operation: 'remove' } as const
  return numbers.filter((number) => removeWithin(store, number, audit) !== undefined).length
}

function* choose(store: Store, which: Invalidation): Generator<number> {
  if ('key' in which) {
    const select = store.database.prepare('SELECT number FROM cache_entries WHERE hash = ?')
    for (const row of select.all(which.key)) yield Number(row['number'])
    return
  }
  const isChosen = 'entries' in which ? which.entries : () => true
  const only = 'task' in which ? { task: which.task } : {}
  const pageEntries = 1_000
  for (let after = Number.MAX_SAFE_INTEGER; ;) {
    const page = listEntries(store, { ...only, after, limit: pageEntries })
    for (const entry of page) if (isChosen(entry)) yield entry.number
    const last = page.at(-1)
    if (last === undefined || page.length < pageEntries) return
    after = last.number
  }
}
