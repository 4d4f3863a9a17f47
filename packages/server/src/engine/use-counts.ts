import { sql } from 'kysely'
import { inTransaction } from '../database/in-transaction.ts'
import type { Database, DatabaseTransaction } from '../database/schema.ts'
import { changeScope } from './scopes.ts'
import type { ScopeChange } from './scopes.ts'

/** A lookup that found this entry. */
export interface Use {
  readonly tenantId: string
  readonly scope: string
  readonly entryId: string
  readonly durationMs: number
}

/**
 * Counts uses in memory, and writes them down together: a lookup waits for no write. A server that dies
 * loses the last second of them, and nothing else.
 */
export interface UseCounts {
  hit(use: Use): void
  miss(place: { readonly tenantId: string; readonly scope: string }): void
  /** Resolves when all that was counted before is written, or could not be: then it stays counted. */
  flush(): Promise<void>
}

interface Counted {
  readonly entries: Map<string, EntryCount>
  readonly scopes: Map<string, ScopeCount>
}

interface EntryCount {
  readonly hits: number
  readonly lastMs: number
}

interface ScopeCount {
  readonly tenantId: string
  readonly name: string
  readonly change: Required<Pick<ScopeChange, 'hits' | 'misses' | 'saved_ms'>>
}

export function createUseCounts(database: Database, now: () => number): UseCounts {
  let counted = nothing()
  let flushing = Promise.resolve()

  const countAt = (tenantId: string, name: string): ScopeCount['change'] => {
    const id = JSON.stringify([tenantId, name])
    const found = counted.scopes.get(id)
    if (found !== undefined) return found.change
    const change = { hits: 0, misses: 0, saved_ms: 0 }
    counted.scopes.set(id, { tenantId, name, change })
    return change
  }
  const write = async (): Promise<void> => {
    const batch = counted
    counted = nothing()
    try {
      await writeDown(database, batch)
    } catch (error) {
      counted = merge(batch, counted)
      throw error
    }
  }
  return {
    hit({ tenantId, scope, entryId, durationMs }) {
      const change = countAt(tenantId, scope)
      change.hits += 1
      change.saved_ms += durationMs
      const entry = counted.entries.get(entryId) ?? { hits: 0, lastMs: 0 }
      counted.entries.set(entryId, { hits: entry.hits + 1, lastMs: now() })
    },
    miss({ tenantId, scope }) {
      countAt(tenantId, scope).misses += 1
    },
    async flush() {
      // One after the other: who comes last has waited for what the others took along.
      flushing = flushing.catch(() => {}).then(write)
      await flushing
    },
  }
}

function nothing(): Counted {
  return { entries: new Map(), scopes: new Map() }
}

const AT_ONCE = 100

/**
 * In small transactions, none of which holds a scope for longer than it takes to add to it; and in the
 * order of their names, so that two servers that write the same rows do not wait for each other in a
 * ring. What is written is taken out of the batch.
 */
async function writeDown(database: Database, batch: Counted): Promise<void> {
  const entries = inOrder(batch.entries)
  for (let at = 0; at < entries.length; at += AT_ONCE) {
    const part = entries.slice(at, at + AT_ONCE)
    await inTransaction(database, async (transaction) => {
      for (const [id, use] of part) await addUses(transaction, id, use)
    })
    for (const [id] of part) batch.entries.delete(id)
  }
  for (const [id, place] of inOrder(batch.scopes)) {
    await inTransaction(database, async (transaction) => {
      await changeScope(transaction, place, place.change)
    })
    batch.scopes.delete(id)
  }
}

async function addUses(
  transaction: DatabaseTransaction,
  id: string,
  { hits, lastMs }: EntryCount,
): Promise<void> {
  await transaction
    .updateTable('entries')
    .set({
      hits: sql<number>`hits + ${hits}`,
      accessed_at: sql<number>`case when accessed_at < ${lastMs} then ${lastMs} else accessed_at end`,
    })
    .where('id', '=', id)
    .execute()
}

function inOrder<Value>(map: ReadonlyMap<string, Value>): readonly (readonly [string, Value])[] {
  return [...map].toSorted(([left], [right]) => (left < right ? -1 : 1))
}

function merge(first: Counted, second: Counted): Counted {
  for (const [id, { hits, lastMs }] of second.entries) {
    const found = first.entries.get(id)
    first.entries.set(id, { hits: hits + (found?.hits ?? 0), lastMs })
  }
  for (const [id, count] of second.scopes) {
    const found = first.scopes.get(id)
    if (found === undefined) first.scopes.set(id, count)
    else
      for (const key of ['hits', 'misses', 'saved_ms'] as const)
        found.change[key] += count.change[key]
  }
  return first
}
