import { planEviction } from '../../model/retention.ts'
import type { PlannedEviction } from '../../model/retention.ts'
import { settleEntries } from '../database/settle-clock.ts'
import { limitLog } from '../database/write-ahead-log.ts'
import { removeWithin } from '../entries/remove-entry.ts'
import type { RemovedEntry } from '../entries/remove-entry.ts'
import type { Store } from '../store.ts'
import { collectReceivedNotes } from './collect-received-notes.ts'
import { collectUnreferenced } from './collect-unreferenced.ts'
import { openEvictionQueues } from './eviction-queues.ts'

export interface Eviction {
  readonly entries: number
  readonly freedBytes: number
}

/** Entries that one transaction removes at most: others wait for its lock. */
const BATCH_ENTRIES = 500

/**
 * If the store is above its limit, evicts entries until it is under half of the limit, as `planEviction` decides. Below
 * the limit, this reads one row. Above it, the cost depends on how much is evicted, not on how much is stored.
 * @throws {TaskVaultError} what the database throws.
 */
export function evictIfNeeded(
  store: Store,
  { limitBytes }: { readonly limitBytes: number },
): Eviction {
  const { database } = store
  if (database.isReadOnly || readStoredBytes(store) <= limitBytes)
    return { entries: 0, freedBytes: 0 }
  // What no entry needs goes before what one does; packs of saves in flight stay, and do not count.
  collectUnreferenced(store)
  let hasBegun = false
  const evicted = inBatches(store, () => {
    const usedBytes = readUsedBytes(store)
    const limits = {
      usedBytes,
      limitBytes,
      targetBytes: limitBytes / 2,
      newest: readNewest(store),
      hasBegun,
    }
    hasBegun = true
    return planEviction(openEvictionQueues(store), limits).take(BATCH_ENTRIES).toArray()
  })
  collectReceivedNotes(store)
  return evicted
}

/** Removes all expired entries, whatever the store's size, and what no entry needs any more. */
export function removeExpired(store: Store): Eviction {
  const select = store.database.prepare(
    'SELECT number FROM cache_entries WHERE expires_at <= ? ORDER BY expires_at LIMIT ?',
  )
  return inBatches(store, () =>
    select
      .all(store.now(), BATCH_ENTRIES)
      .map((row): PlannedEviction => ({ number: Number(row['number']), because: 'expired' })),
  )
}

/** Runs `plan` and removes what it names, a transaction at a time, until it names nothing. */
function inBatches(store: Store, plan: () => readonly PlannedEviction[]): Eviction {
  let [entries, freedBytes] = [0, 0]
  for (;;) {
    const removed = store.database.transaction('relaxed', () => {
      settleEntries(store)
      return plan().flatMap(({ number, because }) => evictWithin(store, number, because) ?? [])
    })
    for (const { task, key, freedBytes: bytes } of removed) {
      store.report({ kind: 'evicted', task, key })
      entries += 1
      freedBytes += bytes
    }
    if (removed.length === 0) break
  }
  if (entries > 0) limitLog(store)
  return { entries, freedBytes }
}

function evictWithin(
  store: Store,
  number: number,
  because: PlannedEviction['because'],
): RemovedEntry | undefined {
  const removed = removeWithin(store, number, { kind: 'EVICT', operation: because })
  if (removed !== undefined) {
    store.database.prepare('UPDATE totals SET evictions = evictions + 1 WHERE id = 1').run()
  }
  return removed
}

function readStoredBytes({ database }: Store): number {
  return Number(
    database.prepare('SELECT stored_bytes FROM totals WHERE id = 1').get()?.['stored_bytes'],
  )
}

/** Bytes of the blobs that entries need. The others have an index of their own, and are few. */
function readUsedBytes(store: Store): number {
  const row = store.database
    .prepare('SELECT coalesce(sum(size), 0) AS bytes FROM blobs WHERE refs = 0')
    .get()
  return readStoredBytes(store) - Number(row?.['bytes'])
}

function readNewest({ database }: Store): number | undefined {
  const row = database.prepare('SELECT max(number) AS number FROM cache_entries').get()
  return row?.['number'] === null ? undefined : Number(row?.['number'])
}
