import { expect, onTestFinished, test } from 'vitest'
import { findFreePort } from '../../../../test/services/free-port.ts'
import { missingPostgres, startPostgres } from '../../../../test/services/postgres.ts'
import { inTransaction } from './in-transaction.ts'
import { openDatabase } from './open-database.ts'
import type { Database } from './schema.ts'

test.skipIf(missingPostgres() !== undefined)(
  'of several hosts, the one that takes writes is used, and a standby that takes over is found',
  async () => {
    const postgres = await startPostgres()
    onTestFinished(async () => await postgres[Symbol.asyncDispose]())
    postgres.createDatabase('vault')
    const standby = await postgres.startStandby()
    const ports = [await findFreePort(), standby.port, postgres.port]
    const hosts = ports.map((port) => `127.0.0.1:${port}`).join(',')
    const opened = await openDatabase(`postgres://taskvault@${hosts}/vault`, { patienceMs: 10_000 })
    onTestFinished(async () => await opened[Symbol.asyncDispose]())
    const written = [0, 1, 2]
    for (const number of written) await write(opened.database, number)

    await postgres.kill()
    const during = write(opened.database, 3)
    standby.promote()
    await during

    expect(await readAll(opened.database)).toEqual(['default', 't0', 't1', 't2', 't3'])
  },
  60_000,
)

test('nobody who answers is told of within the time that there is', async () => {
  const port = await findFreePort()
  const startedMs = performance.now()

  const opening = openDatabase(`postgres://nobody@127.0.0.1:${port}/none`, { patienceMs: 300 })

  await expect(opening).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' })
  expect(performance.now() - startedMs).toBeGreaterThan(250)
})

async function write(database: Database, number: number): Promise<void> {
  const id = `t${number}`
  await inTransaction(database, async (transaction) => {
    await transaction
      .insertInto('tenants')
      .values({ id, name: id, created_at: 0, strategy: 'lru' })
      .execute()
  })
}

async function readAll(database: Database): Promise<readonly string[]> {
  const rows = await database.selectFrom('tenants').select('id').orderBy('id').execute()
  return rows.map(({ id }) => id)
}
