import type { ObjectStore } from '@taskvault/core'
import { createMemoryObjectStore } from '@taskvault/core/testing'
import { expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '../database/open-database.ts'
import { temporarySqlite } from '../testing/temporary-database.ts'
import { DEFAULT_TIMES } from './engine-options.ts'
import { openTestEngine } from './testing/open-engine.ts'
import { ADMIN, MAINTAINER, save } from './testing/sample-entries.ts'

test('an object that cannot be deleted keeps nothing else from being collected', async () => {
  const opened = await openDatabase(temporarySqlite())
  onTestFinished(async () => await opened[Symbol.asyncDispose]())
  const memory = createMemoryObjectStore()
  let kept: string | undefined
  const objects: ObjectStore = {
    ...memory,
    async delete(key) {
      kept ??= key
      if (key === kept) throw new Error('access denied')
      await memory.delete(key)
    },
  }
  const { engine, advance } = await openTestEngine(opened, { objects })
  const entries = await Promise.all(
    ['a', 'b', 'c'].map(async (key) => await save(engine, MAINTAINER, { key })),
  )
  for (const { id } of entries) await engine.remove(ADMIN, id)
  advance(DEFAULT_TIMES.leaseMs + DEFAULT_TIMES.removedMs)

  await expect(engine.collect()).rejects.toThrow('access denied')

  const rows = await opened.database.selectFrom('loose_objects').select('object_key').execute()
  expect(rows).toEqual([{ object_key: kept }])
  expect(await opened.database.selectFrom('entries').select('id').execute()).toEqual([])
})
