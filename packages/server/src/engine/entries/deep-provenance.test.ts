import { expect, onTestFinished, test } from 'vitest'
import { ENTRY_STATES } from '../../database/engine-tables.ts'
import { openDatabase } from '../../database/open-database.ts'
import { temporarySqlite } from '../../testing/temporary-database.ts'
import type { Provenance } from '../engine.ts'
import { openTestEngine } from '../testing/open-engine.ts'
import { ADMIN, MAINTAINER, save } from '../testing/sample-entries.ts'

test('a history of thousands of builds, each made from the one before, is told as far as JSON goes', async () => {
  const { engine, id, addCopies } = await openHistory()
  await addCopies(3000, (index) => [index === 0 ? id : `copy-${index - 1}`])

  const why = await engine.why(ADMIN, 'copy-2999')

  expect(depthOf(why!)).toBe(200)
  expect(JSON.stringify(why).length).toBeGreaterThan(10_000)
})

test('an entry that hundreds of thousands of others went into is told of', async () => {
  const { engine, addCopies } = await openHistory()
  await addCopies(17, (index) =>
    index === 16 ? names(16, 'copy') : names(10_000, `${index} ${'x'.repeat(100)}`),
  )

  expect(await engine.why(ADMIN, 'copy-16')).toMatchObject({
    restored: names(16, 'copy').map((id) => ({ entry: { id } })),
  })
})

/** An engine with an entry, of which there can be copies, each with what was restored for it. */
async function openHistory() {
  const opened = await openDatabase(temporarySqlite())
  onTestFinished(async () => await opened[Symbol.asyncDispose]())
  const { engine } = await openTestEngine(opened)
  const { id } = await save(engine, MAINTAINER, { key: 'first' })
  const row = await opened.database.selectFrom('entries').selectAll().executeTakeFirstOrThrow()
  async function addCopies(
    count: number,
    restored: (index: number) => readonly string[],
  ): Promise<void> {
    const copies = Array.from({ length: count }, (_, index) => ({
      ...row,
      id: `copy-${index}`,
      key: `copy-${index}`,
      state: ENTRY_STATES.QUARANTINED,
      restored: JSON.stringify(restored(index)),
    }))
    for (let at = 0; at < copies.length; at += 500) {
      await opened.database
        .insertInto('entries')
        .values(copies.slice(at, at + 500))
        .execute()
    }
  }
  return { engine, id, addCopies }
}

function names(count: number, of: string): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${of}-${index}`)
}

function depthOf(provenance: Provenance): number {
  let steps = 0
  for (let at = provenance.restored[0]; at !== undefined; at = at.restored[0]) steps += 1
  return steps
}
