import { sql } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'
import { describeDatabases } from '../testing/temporary-database.ts'
import { appendAudit } from './audit.ts'
import { inTransaction } from './in-transaction.ts'
import { openDatabase } from './open-database.ts'
import { verifyAudit } from './read-audit.ts'
import type { Database } from './schema.ts'

describeDatabases((maker) => {
  test('gives sizes and times as numbers, up to the largest that is exact', async () => {
    const { database } = await maker.open()
    const large = Number.MAX_SAFE_INTEGER

    await database.updateTable('tenants').set({ limit_bytes: large }).execute()

    const row = await database
      .selectFrom('tenants')
      .select(['limit_bytes', (of) => of.fn.sum<number>('limit_bytes').as('sum')])
      .select((of) => of.fn.countAll<number>().as('count'))
      .groupBy('limit_bytes')
      .executeTakeFirstOrThrow()
    expect(row.limit_bytes).toBe(large)
    expect(row.sum).toBe(large)
    expect(row.count).toBe(1)
  })

  test('throws rather than round a number that is too large', async () => {
    const { database } = await maker.open()

    await sql`update tenants set limit_bytes = 9007199254740993`.execute(database)

    await expect(database.selectFrom('tenants').select('limit_bytes').execute()).rejects.toThrow(
      /safe number|too large/,
    )
  })

  test('compares text byte by byte, so that a prefix is a range', async () => {
    const { database } = await maker.open()
    const names = ['b', 'B', 'a-1', 'a', 'ä', 'a1', '_', '\u{1F600}', '\uFFFD']
    await database
      .insertInto('tenants')
      .values(names.map((name) => ({ id: name, name, created_at: 0, strategy: 'lru' as const })))
      .execute()

    const rows = await database.selectFrom('tenants').select('id').orderBy('id').execute()

    const sorted = [...names, 'default'].toSorted((left, right) =>
      Buffer.compare(Buffer.from(left), Buffer.from(right)),
    )
    expect(rows.map(({ id }) => id)).toEqual(sorted)
  })

  test('undoes all of a transaction that fails', async () => {
    const { database } = await maker.open()

    const failing = inTransaction(database, async (transaction) => {
      await transaction.updateTable('tenants').set({ ttl_ms: 7 }).execute()
      throw new Error('half way')
    })

    await expect(failing).rejects.toThrow('half way')
    expect(await readTtl(database)).toBeNull()
  })

  test('lets many transactions at once read and write the same row', async () => {
    const { database } = await maker.open()
    await database.updateTable('tenants').set({ ttl_ms: 0 }).execute()

    await Promise.all(
      Array.from({ length: 40 }, async () => {
        await inTransaction(database, async (transaction) => {
          await transaction
            .updateTable('tenants')
            .set((row) => ({ ttl_ms: sql<number>`${row.ref('ttl_ms')} + 1` }))
            .execute()
        })
      }),
    )

    expect(await readTtl(database)).toBe(40)
  })

  test('repeats a transaction that another one got in the way of', async () => {
    const { database } = await maker.open()
    await addTenants(database, ['a', 'b'])
    let tries = 0
    const { promise: bothHold, resolve: meet } = Promise.withResolvers<void>()
    let holders = 0

    // Each holds one row and wants the other: one of them is told to start over.
    const both = [
      ['a', 'b'],
      ['b', 'a'],
    ].map(async (ids) => {
      await inTransaction(database, async (transaction) => {
        tries += 1
        for (const id of ids) {
          await transaction
            .updateTable('tenants')
            .set((row) => ({ ttl_ms: sql<number>`coalesce(${row.ref('ttl_ms')}, 0) + 1` }))
            .where('id', '=', id)
            .execute()
          holders += 1
          if (holders === 2) meet()
          // In SQLite the second one waits for all of the first.
          if (maker.kind === 'postgres') await bothHold
        }
      })
    })
    await Promise.all(both)

    expect(tries).toBeGreaterThanOrEqual(maker.kind === 'postgres' ? 3 : 2)
    expect(await readTtl(database, 'a')).toBe(2)
    expect(await readTtl(database, 'b')).toBe(2)
  })

  test('is brought up to date once by servers that start together', async () => {
    const url = maker.createUrl()

    const opened = await Promise.all([openDatabase(url), openDatabase(url), openDatabase(url)])
    for (const each of opened) onTestFinished(async () => await each[Symbol.asyncDispose]())

    for (const { database } of opened) {
      expect(await database.selectFrom('tenants').select('id').execute()).toHaveLength(1)
    }
  })

  test('refuses tables that a later version made', async () => {
    const url = maker.createUrl()
    await using first = await openDatabase(url)
    await sql`insert into kysely_migration (name, timestamp) values ('9999-later', '2027')`.execute(
      first.database,
    )

    await expect(openDatabase(url)).rejects.toMatchObject({ code: 'FORMAT_UNSUPPORTED' })
  })

  test('chains the audit log of each tenant, and finds what was done to it', async () => {
    const { database } = await maker.open()
    await addTenants(database, ['other'])
    await append(database, 'default', 3)
    await append(database, 'other', 1)
    await append(database, 'default', 2)
    expect(await verifyAudit(database, 'default')).toEqual({ lines: 5, brokenAt: undefined })
    expect(await verifyAudit(database, 'other')).toEqual({ lines: 1, brokenAt: undefined })

    await database.deleteFrom('audit_lines').where('number', '=', 5).execute()
    expect(await verifyAudit(database, 'default')).toEqual({ lines: 4, brokenAt: 5 })

    await database
      .updateTable('audit_lines')
      .set((row) => ({ line: sql<string>`replace(${row.ref('line')}, 'task2', 'task9')` }))
      .execute()
    expect(await verifyAudit(database, 'default')).toEqual({ lines: 1, brokenAt: 2 })
  })

  test('finds an audit log whole to which others add meanwhile, and no line that is none of it', async () => {
    const { database } = await maker.open()
    let isOver = false
    const adding = (async () => {
      while (!isOver) await append(database, 'default', 1)
    })()

    const found: (number | undefined)[] = []
    for (let round = 0; round < 30; round += 1) {
      found.push((await verifyAudit(database, 'default')).brokenAt)
    }
    isOver = true
    await adding

    expect(new Set(found)).toEqual(new Set([undefined]))
    const { lines } = await verifyAudit(database, 'default')
    const row = { tenant_id: 'default', number: lines + 1, line: 'of somebody else' }
    await database.insertInto('audit_lines').values(row).execute()
    expect(await verifyAudit(database, 'default')).toEqual({ lines, brokenAt: lines + 1 })
    await database.deleteFrom('audit_heads').execute()
    expect(await verifyAudit(database, 'default')).toEqual({ lines: 0, brokenAt: 1 })
  })

  test('keeps an audit line only with its change', async () => {
    const { database } = await maker.open()

    const failing = inTransaction(database, async (transaction) => {
      await appendAudit(transaction, note('default', 1))
      throw new Error('no change')
    })

    await expect(failing).rejects.toThrow('no change')
    expect(await verifyAudit(database, 'default')).toEqual({ lines: 0, brokenAt: undefined })
  })
})

test.each([
  '',
  'mysql://host/db',
  'sqlite:',
  'sqlite::memory:',
  'postgres://user:pass word@/x',
  '/a',
])('refuses the address %j without repeating it', async (url) => {
  const failure = await openDatabase(url).catch((error: unknown) => error)

  expect(failure).toMatchObject({ code: 'CONFIG_INVALID' })
  if (url !== '') expect(String(failure)).not.toContain('pass')
})

async function addTenants(database: Database, ids: readonly string[]): Promise<void> {
  const rows = ids.map((id) => ({ id, name: id, created_at: 0, strategy: 'lru' as const }))
  await database.insertInto('tenants').values(rows).execute()
}

async function readTtl(database: Database, id = 'default'): Promise<number | null> {
  const row = await database
    .selectFrom('tenants')
    .select('ttl_ms')
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
  return row.ttl_ms
}

async function append(database: Database, tenantId: string, count: number): Promise<void> {
  await inTransaction(database, async (transaction) => {
    await appendAudit(transaction, note(tenantId, count))
  })
}

function note(tenantId: string, count: number): Parameters<typeof appendAudit>[1] {
  const events = Array.from({ length: count }, (_, at) => ({
    kind: 'SAVE' as const,
    operation: 'put',
    fields: { task: `task${at + 1}` },
  }))
  return { tenantId, events, nowMs: 1_700_000_000_000 }
}
