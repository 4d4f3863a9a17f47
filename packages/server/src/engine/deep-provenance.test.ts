import { expect, onTestFinished, test } from 'vitest'
import { ENTRY_STATES } from '../database/engine-tables.ts'
import { openDatabase } from '../database/open-database.ts'
import { temporarySqlite } from '../testing/temporary-database.ts'
import type { Provenance } from './engine.ts'
import { openTestEngine } from './testing/open-engine.ts'
import { ADMIN, MAINTAINER, save } from './testing/sample-entries.ts'

test('a history of thousands of builds, each made from the one before, is told as far as JSON goes', async () => {
  const opened = await openDatabase(temporarySqlite())
  onTestFinished(async () => await opened[Symbol.asyncDispose]())
  const { engine } = await openTestEngine(opened)
  const { id } = await save(engine, MAINTAINER, { key: 'first' })
  const rows = await opened.database.selectFrom('entries').selectAll().execute()
  const copies = Array.from({ length: 3000 }, (_, index) => ({
    ...rows[0]!,
    id: `copy-${index}`,
    key: `copy-${index}`,
    state: ENTRY_STATES.QUARANTINED,
    restored: JSON.stringify([index === 0 ? id : `copy-${index - 1}`]),
  }))
  for (let at = 0; at < copies.length; at += 500) {
    await opened.database
      .insertInto('entries')
      .values(copies.slice(at, at + 500))
      .execute()
  }

  const why = await engine.why(ADMIN, 'copy-2999')

  expect(depthOf(why!)).toBe(200)
  expect(JSON.stringify(why).length).toBeGreaterThan(10_000)
})

function depthOf(provenance: Provenance): number {
  let steps = 0
  for (let at = provenance.restored[0]; at !== undefined; at = at.restored[0]) steps += 1
  return steps
}
