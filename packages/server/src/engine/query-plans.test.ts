import { CompiledQuery, sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import { expect, test } from 'vitest'
import type { OpenDatabase } from '../database/open-database.ts'
import type { DatabaseKind } from '../database/schema.ts'
import { describeDatabases } from '../testing/temporary-database.ts'
import { openTestEngine } from './testing/open-engine.ts'
import {
  ADMIN,
  MAIN,
  MAINTAINER,
  PULL,
  addSession,
  draftOf,
  place,
  sampleBlob,
  save,
  send,
  writerOf,
} from './testing/sample-entries.ts'

/** Tables that grow with what is stored. */
const LARGE = '(?:entries|entry_blobs|entry_restores|blobs|loose_objects|audit_lines)'
const FULL_SCAN = {
  sqlite: new RegExp(`SCAN ${LARGE}\\b(?! USING (?:COVERING )?INDEX \\w+ \\()`),
  postgres: new RegExp(`Seq Scan on ${LARGE}\\b`),
}

const ENTRIES = 100_000

describeDatabases((maker) => {
  test('no question reads a whole table, with 100,000 entries', async () => {
    const queries: CompiledQuery[] = []
    const opened = await maker.open({ onQuery: (query) => void queries.push(query) })
    const held = await openTestEngine(opened, { limits: { scopeBytes: 1_000_000_000 } })
    const { engine, advance, now } = held
    await save(engine, MAINTAINER, { key: 'first' })
    await save(engine, writerOf(PULL), { key: 'first' })
    await fill(opened, now())
    const who = await addSession(opened.database, writerOf(PULL))
    queries.length = 0

    const blob = sampleBlob()
    await engine.find(who, place('key-77777'))
    for (const prefix of ['', 'key-9', 'key-77777', 'none']) {
      await engine.findByPrefix(who, { namespace: 'task:test', prefix })
    }
    for (const each of [who, ADMIN]) {
      for (const more of [
        {},
        { keyPrefix: 'key-5' },
        { namespace: 'task:test' },
        { namespacePrefix: 'task:t' },
      ]) {
        await engine.list(each, { limit: 20, ...more })
      }
    }
    await send(engine, who, blob)
    await engine.findMissing(who, [blob.name, sampleBlob().name])
    const saved = await engine.publish(who, draftOf('new', [blob]))
    await engine.publish(who, draftOf('new', [blob]))
    if (saved.kind !== 'published') throw new Error(saved.kind)
    await engine.why(who, saved.entry.id)
    await engine.flush()
    await engine.quarantine(ADMIN, saved.entry.id, 'a test')
    await engine.remove(ADMIN, saved.entry.id)
    for (const strategy of ['lru', 'lfu', 'fifo'] as const) {
      await opened.database
        .updateTable('tenants')
        .set({ strategy, scope_limit_bytes: 10_300 })
        .execute()
      advance(20_000)
      await save(engine, writerOf(PULL), { key: `by ${strategy}` })
      await save(engine, writerOf(PULL), { key: `again by ${strategy}` })
    }
    advance(100 * 86_400_000)
    await engine.collect()

    const asked = [...new Map(queries.map((query) => [query.sql, query])).values()]
    const scans: string[] = []
    for (const query of asked.filter(({ sql: text }) =>
      /^(select|update|delete|with)/.test(text),
    )) {
      const plan = await explain(opened, query)
      if (FULL_SCAN[opened.kind].test(plan)) scans.push(`${query.sql}\n${plan}`)
    }
    expect(asked.length).toBeGreaterThan(40)
    expect(scans).toEqual([])
  }, 120_000)

  test('a question without an index would be found out', async () => {
    const opened = await maker.open()
    const { engine } = await openTestEngine(opened)
    await save(engine, MAINTAINER, { key: 'first' })
    await save(engine, writerOf(PULL), { key: 'first' })
    await fill(opened, 1, 5_000)

    const query = opened.database.selectFrom('entries').select('id').where('content', '=', 'x')

    expect(await explain(opened, query.compile())).toMatch(FULL_SCAN[opened.kind])
  })
})

/** Tables as they are after years: entries of two scopes, with many keys, a blob and an origin each. */
async function fill(
  { kind, database }: OpenDatabase,
  nowMs: number,
  count = ENTRIES,
): Promise<void> {
  const numbers = countTo(kind, count)
  // Enough of what hangs on them for both databases to go by indexes.
  const some = countTo(kind, count / 5)
  const scope = sql`case when n % 10 = 0 then ${PULL.name} else ${MAIN.name} end`
  const fills = [
    sql`insert into entries
      select 'e' || n, tenant_id, ${scope}, namespace, 'key-' || n, content, blobs, details, duration_ms,
        size_bytes, created_at - n, created_at - n, null, n % 7, writer, restored, signature, 0, created_at
      from entries, ${numbers} where key = 'first' and scope = ${MAIN.name}`,
    sql`insert into blobs select 'o' || n, 'default', ${scope}, 'b' || n, 1, 1, 0, 1, 0, 0 from ${some}`,
    sql`insert into entry_blobs select 'e' || n, 'o' || n from ${some}`,
    sql`insert into entry_restores select 'e' || n, 'e' || (n - 1) from ${some}`,
    sql`insert into loose_objects
      select 'l' || n, 'default', ${scope}, 'b' || n, 1, null, 0, ${sql.lit(2 * nowMs)} from ${some}`,
    sql`update scopes set used_bytes = used_bytes
        + (select count(*) from blobs b where b.scope = scopes.name and object_key like 'o%'),
      entries = (select count(*) from entries e where e.scope = scopes.name),
      entry_bytes = (select sum(size_bytes) from entries e where e.scope = scopes.name)`,
    sql`analyze`,
  ]
  for (const each of fills) await each.execute(database)
}

function countTo(kind: DatabaseKind, count: number): RawBuilder<unknown> {
  if (kind === 'postgres') return sql`generate_series(1, ${sql.lit(count)}) as numbers(n)`
  return sql`(with recursive numbers(n) as
    (select 1 union all select n + 1 from numbers where n < ${sql.lit(count)})
    select n from numbers) as numbers`
}

async function explain({ kind, database }: OpenDatabase, query: CompiledQuery): Promise<string> {
  const how = kind === 'postgres' ? 'explain' : 'explain query plan'
  const { rows } = await database.executeQuery<Record<string, unknown>>(
    CompiledQuery.raw(`${how} ${query.sql}`, [...query.parameters]),
  )
  return rows.map((row) => String(row['detail'] ?? row['QUERY PLAN'])).join('\n')
}
