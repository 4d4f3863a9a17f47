import { expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '../database/open-database.ts'
import { temporarySqlite } from '../testing/temporary-database.ts'
import { openTestEngine } from './testing/open-engine.ts'
import { MAINTAINER, save } from './testing/sample-entries.ts'
import { createUseCounts } from './use-counts.ts'

test('of several who have it written down at once, each has waited for all', async () => {
  const opened = await openDatabase(temporarySqlite())
  onTestFinished(async () => await opened[Symbol.asyncDispose]())
  const { engine } = await openTestEngine(opened)
  const { id: entryId, scope } = await save(engine, MAINTAINER, { key: 'k' })
  const uses = createUseCounts(opened.database, () => 2_000_000_000_000)
  const hit = (): void => uses.hit({ tenantId: 'default', scope, entryId, durationMs: 10 })

  hit()
  const first = uses.flush()
  hit()
  const second = uses.flush()
  await uses.flush()

  expect(await engine.show(MAINTAINER, entryId)).toMatchObject({ hits: 2 })
  await Promise.all([first, second])
})

test('what could not be written down stays counted, and is written the next time, once', async () => {
  const opened = await openDatabase(temporarySqlite())
  onTestFinished(async () => await opened[Symbol.asyncDispose]())
  const { engine } = await openTestEngine(opened)
  const { id: entryId, scope } = await save(engine, MAINTAINER, { key: 'k' })
  let transactions = 0
  // The entries are written, the scopes are not: only they are left for the next time.
  const failing = new Proxy(opened.database, {
    get(target, name) {
      if (name !== 'transaction') return Reflect.get(target, name, target) as unknown
      transactions += 1
      if (transactions === 2) throw new Error('the disk is full')
      return target.transaction.bind(target)
    },
  })
  const uses = createUseCounts(failing, () => 2_000_000_000_000)
  uses.hit({ tenantId: 'default', scope, entryId, durationMs: 10 })
  uses.miss({ tenantId: 'default', scope })

  await expect(uses.flush()).rejects.toThrow('the disk is full')
  uses.hit({ tenantId: 'default', scope, entryId, durationMs: 10 })
  await uses.flush()
  await uses.flush()

  expect(await engine.show(MAINTAINER, entryId)).toMatchObject({ hits: 2 })
  expect(await engine.stats(MAINTAINER)).toMatchObject({ hits: 2, misses: 1, savedMs: 20 })
})
