/*
 * Asks a vault for its statistics a thousand times and writes the median. Every statement that it
 * prepares for that is explained: a scan of a table that grows with entries ends the process.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createClient } from '@taskvault/core'
import { median } from '../measure/statistics.ts'

const ASKED = 1000
const GROWING = /^SCAN (?:cache_entries|blobs|entry_blobs|contents)\b/

const statements = recordStatements()
const client = await createClient(join(process.cwd(), '.taskvault', 'config.yaml'))
// Opening may look whether a table is empty, which is planned as a scan and ends at its first row;
// it also prepares what statistics ask for.
for (const sql of statements) if (!/\btotals\b/.test(sql)) statements.delete(sql)
const times: number[] = []
for (let index = 0; index < ASKED; index += 1) {
  const before = performance.now()
  await client.getStats()
  times.push(performance.now() - before)
}
const { entries } = await client.getStats()
await client.close()
if (entries !== Number(process.argv[3])) throw new Error(`statistics say ${entries} entries`)
if (statements.size === 0) throw new Error('no statement was seen: is this node:sqlite?')
assertNoScan(statements)
writeFileSync(process.argv[2] ?? '', JSON.stringify({ p50Ms: median(times) }))

/** The text of every statement that anybody in this process prepares from now on. */
function recordStatements(): Set<string> {
  const seen = new Set<string>()
  const prepare = Object.getOwnPropertyDescriptor(DatabaseSync.prototype, 'prepare')?.value as (
    this: DatabaseSync,
    sql: string,
  ) => unknown
  Object.defineProperty(DatabaseSync.prototype, 'prepare', {
    value(this: DatabaseSync, sql: string): unknown {
      seen.add(sql)
      return prepare.call(this, sql)
    },
  })
  return seen
}

function assertNoScan(seen: ReadonlySet<string>): void {
  using database = new DatabaseSync(join(process.cwd(), '.taskvault', 'cache', 'cache.db'))
  for (const sql of seen) {
    if (!/^\s*(?:SELECT|WITH|UPDATE|DELETE)\b/i.test(sql)) continue
    const plan = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all() as { detail: string }[]
    const scan = plan.find(({ detail }) => GROWING.test(detail))
    if (scan !== undefined) throw new Error(`${scan.detail}: ${sql}`)
  }
}
