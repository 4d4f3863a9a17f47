import { appendAuditLines } from '../audit/audit-log.ts'
import type { Database } from '../database/database.ts'
import { reportingTrouble } from '../report-trouble.ts'
import type { Store } from '../store.ts'
import type { Use, UseLog } from './use-log.ts'

type UsedStore = Pick<Store, 'cacheDirectory' | 'database' | 'now' | 'report'>

/** How long look-ups may wait for others to be written down with; a process that is killed loses those that do. */
const TOGETHER_MS = 50

/**
 * A transaction for each look-up takes longer than the look-up. So the first is written at once, and what
 * follows within `TOGETHER_MS` in one transaction after it, or before any other transaction of this process.
 */
export function openUseLog(store: UsedStore): UseLog {
  let waiting: Use[] = []
  let writtenAtMs = Number.NEGATIVE_INFINITY
  let timer: NodeJS.Timeout | undefined

  function flush(): void {
    clearTimeout(timer)
    timer = undefined
    if (waiting.length === 0) return
    const uses = waiting
    waiting = []
    reportingTrouble(store, 'count what was looked up', () =>
      store.database.transaction('relaxed', () => writeUses(store, uses)),
    )
    writtenAtMs = monotonicMs()
  }

  return {
    add(use) {
      if (store.database.isReadOnly) return
      waiting.push(use)
      const waitMs = writtenAtMs + TOGETHER_MS - monotonicMs()
      // Who looks up without a pause gives a timer no turn.
      if (waitMs <= 0) flush()
      else timer ??= setTimeout(flush, waitMs)
    },
    flush,
  }
}

/** Not by `performance`, which Node loads first, and which nothing else on a hit asks for. */
function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

/** The same database, before each of whose transactions the look-ups so far are written down: they came first. */
export function afterUses(database: Database, uses: UseLog): Database {
  return {
    ...database,
    transaction(durability, work) {
      uses.flush()
      return database.transaction(durability, work)
    },
  }
}

function writeUses(store: UsedStore, uses: readonly Use[]): void {
  const { database } = store
  // Later than every use so far, even when the clock was set back: the order of uses is what counts.
  const useEntry = database.prepare(
    `UPDATE cache_entries SET hits = hits + 1, accessed_at =
       max(?, (SELECT coalesce(max(accessed_at), 0) + 1 FROM cache_entries)) WHERE number = ?`,
  )
  const totals = { hits: 0, misses: 0, savedMs: 0 }
  for (const { event, hit } of uses) {
    if (hit === undefined) {
      totals.misses += 1
      continue
    }
    useEntry.run(event.atMs ?? store.now(), hit.number)
    totals.hits += 1
    totals.savedMs += hit.savedMs
  }
  database
    .prepare(
      'UPDATE totals SET hits = hits + ?, misses = misses + ?, saved_ms = saved_ms + ? WHERE id = 1',
    )
    .run(totals.hits, totals.misses, totals.savedMs)
  appendAuditLines(
    store,
    uses.map(({ event }) => event),
  )
}
