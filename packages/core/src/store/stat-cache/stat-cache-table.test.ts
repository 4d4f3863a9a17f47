import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { StatCache } from '../../files/scanning/stat-cache.ts'
import { openTemporaryStore } from '../../testing/temporary-store.ts'
import type { Store } from '../store.ts'
import { createStatCacheTable } from './stat-cache-table.ts'
import { forgetListings } from './stat-pages.ts'

const DIRECTORIES = [
  '/',
  '/a',
  '/a/b',
  '/a/b/c',
  '/a-b',
  '/a-b/c',
  '/ä',
  '/\u{1F600}/x',
  '/\uFF21',
  '/z',
]

function listing(byte: number, length: number): Uint8Array {
  return new Uint8Array(length).fill(byte)
}

/** Directories of which the table says something else; those that come last in its order first. */
function outdatedIn(table: StatCache, expected: ReadonlyMap<string, Uint8Array>): string[] {
  return DIRECTORIES.toReversed().filter((directory) => {
    const [found, wanted] = [table.read(directory), expected.get(directory)]
    if (found === undefined || wanted === undefined) return found !== wanted
    return Buffer.compare(found, wanted) !== 0
  })
}

function pagesOf(store: Store): number {
  return Number(store.database.prepare('SELECT count(*) AS pages FROM stat_pages').get()?.['pages'])
}

test('what was flushed last is read, by whomever, whatever the pages came to be', async () => {
  using temporary = await openTemporaryStore()
  const [one, two] = [await temporary.open(), await temporary.open()]
  const write = fc.record({
    by: fc.constantFrom(one, two),
    rows: fc.array(
      fc.tuple(fc.constantFrom(...DIRECTORIES), fc.nat(255), fc.nat({ max: 80_000 })),
      { minLength: 1, maxLength: 6 },
    ),
  })
  fc.assert(
    fc.property(fc.array(write, { maxLength: 12 }), (writes) => {
      one.database.transaction('relaxed', () => one.database.exec('DELETE FROM stat_pages'))
      const expected = new Map<string, Uint8Array>()
      for (const { by, rows } of writes) {
        const table = createStatCacheTable(by.database, 'blake3')
        for (const [directory, byte, length] of rows) {
          table.write(directory, listing(byte, length))
          expected.set(directory, listing(byte, length))
        }
        expect(outdatedIn(table, expected)).toEqual([])
        table.flush()
        expect(outdatedIn(table, expected)).toEqual([])
      }
      expect(outdatedIn(createStatCacheTable(one.database, 'blake3'), expected)).toEqual([])
    }),
    { numRuns: 50 },
  )
})

test('directories whose names have the same place do not keep others from being remembered', async () => {
  using temporary = await openTemporaryStore()
  const { database } = await temporary.open()
  const table = createStatCacheTable(database, 'blake3')
  for (const directory of ['/a/b', '/a\u0001b', '/c']) table.write(directory, listing(1, 90_000))
  table.flush()

  expect(table.read('/c')).toEqual(listing(1, 90_000))
})

test('listings of another hash algorithm are others', async () => {
  using temporary = await openTemporaryStore()
  const { database } = await temporary.open()
  const [one, two] = [
    createStatCacheTable(database, 'blake3'),
    createStatCacheTable(database, 'sha256'),
  ]
  one.write('/a', listing(1, 8))
  one.flush()

  expect(two.read('/a')).toBeUndefined()
  expect(one.read('/a')).toEqual(listing(1, 8))
})

test('a page that was damaged knows nothing, and is replaced by the next listing', async () => {
  using temporary = await openTemporaryStore()
  const { database } = await temporary.open()
  const table = createStatCacheTable(database, 'blake3')
  table.write('/a', listing(1, 8))
  table.write('/b', listing(2, 8))
  table.flush()
  database.prepare('UPDATE stat_pages SET page = zeroblob(40)').run()

  expect(table.read('/a')).toBeUndefined()
  table.write('/b', listing(3, 8))
  table.flush()

  expect(table.read('/a')).toBeUndefined()
  expect(table.read('/b')).toEqual(listing(3, 8))
})

test('directories that are gone are forgotten, and a page without any is removed', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()
  const table = createStatCacheTable(store.database, 'blake3')
  for (let number = 0; number < 100; number += 1) table.write(`/a/${number}`, listing(1, 4000))
  table.write('/b', listing(2, 8))
  table.flush()
  const before = pagesOf(store)
  expect(before).toBeGreaterThan(3)

  forgetListings(store.database, (directory) => directory.startsWith('/a/'))

  const after = createStatCacheTable(store.database, 'blake3')
  expect(pagesOf(store)).toBe(1)
  expect(after.read('/a/7')).toBeUndefined()
  expect(after.read('/b')).toEqual(listing(2, 8))
})
