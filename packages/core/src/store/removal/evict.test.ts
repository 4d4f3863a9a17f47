import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { VaultEvent } from '../../model/events.ts'
import { keyOf, openTemporaryStore, saveSample, storePack } from '../../testing/temporary-store.ts'
import { blobsDirectory } from '../blobs/blob-path.ts'
import { findEntry, listEntries } from '../entries/entries.ts'
import { recordHit } from '../entries/record-use.ts'
import { removeEntry } from '../entries/remove-entry.ts'
import { readStatistics } from '../entries/statistics.ts'
import { verifyStore } from '../repair/verify-store.ts'
import type { Store } from '../store.ts'
import { evictIfNeeded, removeExpired } from './evict.ts'
import { QUEUE_STATEMENTS } from './eviction-queues.ts'

const SIZE = 10_000

test('nothing goes at the limit, and one byte below it entries go until less than half is used', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()
  for (let index = 0; index < 10; index += 1)
    saveSample(store, { name: `${index}`, sizeBytes: SIZE })
  const { storedBytes } = readStatistics(store, 0)

  expect(evictIfNeeded(store, { limitBytes: storedBytes })).toEqual({ entries: 0, freedBytes: 0 })
  const eviction = evictIfNeeded(store, { limitBytes: storedBytes - 1 })

  expect(namesLeft(store)).toEqual(['6', '7', '8', '9'])
  expect(eviction.entries).toBe(6)
  expect(readStatistics(store, 0)).toMatchObject({
    entries: 4,
    evictions: 6,
    storedBytes: storedBytes - eviction.freedBytes,
  })
  expect(readdirSync(blobsDirectory(store.cacheDirectory))).toHaveLength(4)
  expect(temporary.events.filter((event) => event.kind === 'evicted')).toHaveLength(6)
})

test.each([
  ['lru', ['0', '3', '2', '1']],
  ['lfu', ['3', '2', '1', '0']],
  ['fifo', ['0', '1', '2', '3']],
] as const)(
  '%s lets go in its order, and the entry saved last goes last',
  async (strategy, order) => {
    using temporary = await openTemporaryStore()
    const store = await temporary.open()
    for (const name of ['0', '1', '2', '3', 'newest']) saveSample(store, { name, strategy })
    for (const name of ['2', '0', '0', '0', '3', '2', '1', '1']) use(store, name)

    evictIfNeeded(store, { limitBytes: 0 })

    expect(evicted(temporary.events, store)).toEqual([...order, 'newest'])
  },
)

test('expired entries go first, whatever their strategy', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()
  saveSample(store, { name: 'old', sizeBytes: SIZE })
  saveSample(store, { name: 'expiring', sizeBytes: SIZE, ttlMs: 1000, strategy: 'lfu' })
  use(store, 'expiring')
  saveSample(store, { name: 'newest', sizeBytes: 1 })
  temporary.nowMs += 1000

  evictIfNeeded(store, { limitBytes: 2 * SIZE })

  expect(evicted(temporary.events, store)[0]).toBe('expiring')
})

test('an entry has expired at its time to live, and not a millisecond before', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()
  const { key } = saveSample(store, { name: 'a', ttlMs: 1000 })

  temporary.nowMs += 999
  expect(findEntry(store, { scope: 'local', key })?.isExpired).toBe(false)
  expect(removeExpired(store).entries).toBe(0)
  temporary.nowMs += 1
  expect(findEntry(store, { scope: 'local', key })?.isExpired).toBe(true)
  expect(removeExpired(store).entries).toBe(1)
  expect(findEntry(store, { scope: 'local', key })).toBeUndefined()
})

test('a pack that two entries share counts once, and goes with the second', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()
  const pack = storePack(store, 'shared', SIZE)
  saveSample(store, { name: 'a', packs: [pack] })
  saveSample(store, { name: 'b', packs: [pack] })
  saveSample(store, { name: 'newest' })

  expect(readStatistics(store, 0).storedBytes).toBeLessThan(1.5 * SIZE)
  removeEntry(store, listEntries(store).at(-1)!.number, 'rm')
  expect(namesLeft(store)).toEqual(['b', 'newest'])
  expect(readdirSync(blobsDirectory(store.cacheDirectory))).toContain(pack.digest)
  evictIfNeeded(store, { limitBytes: SIZE })

  expect(namesLeft(store)).toEqual(['newest'])
  expect(readdirSync(blobsDirectory(store.cacheDirectory))).not.toContain(pack.digest)
  expect((await verifyStore(store)).findings).toEqual([])
})

test('packs of a save in flight neither go nor make others go', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()
  saveSample(store, { name: 'a', sizeBytes: SIZE })
  const pack = storePack(store, 'in flight', 10 * SIZE)

  expect(evictIfNeeded(store, { limitBytes: 2 * SIZE }).entries).toBe(0)
  expect(readdirSync(blobsDirectory(store.cacheDirectory))).toContain(pack.digest)
  // After an hour, no save can be going on.
  temporary.nowMs += 60 * 60 * 1000 + 1
  expect(evictIfNeeded(store, { limitBytes: 2 * SIZE }).entries).toBe(0)
  expect(readdirSync(blobsDirectory(store.cacheDirectory))).not.toContain(pack.digest)
})

test('more than one batch goes', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()
  const total = 1_200
  for (let index = 0; index < total; index += 1) {
    saveSample(store, { name: `${index}`, strategy: (['lru', 'lfu', 'fifo'] as const)[index % 3]! })
  }
  const { storedBytes } = readStatistics(store, 0)

  const eviction = evictIfNeeded(store, { limitBytes: storedBytes - 1 })

  expect(eviction.entries).toBeGreaterThan(550)
  expect(readStatistics(store, 0).storedBytes).toBeLessThan(storedBytes / 2)
  expect(readStatistics(store, 0).storedBytes).toBeGreaterThan(storedBytes / 2 - 2000)
}, 60_000)

test.each(Object.entries(QUEUE_STATEMENTS))(
  'the queue of %s follows an index, and neither scans nor sorts',
  async (_, sql) => {
    using temporary = await openTemporaryStore()
    const store = await temporary.open()
    const parameters = [...new Set(sql.match(/\?\d/g))].map(() => 1)

    const plan = store.database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...parameters)
    const details = plan.map((row) => String(row['detail'])).join('; ')

    expect(details).toMatch(
      /^SEARCH cache_entries USING (COVERING )?INDEX idx_(expires|lru|lfu|fifo) /,
    )
    expect(details).not.toContain('TEMP B-TREE')
    expect(details).not.toContain('SCAN')
  },
)

test('what removing an entry asks for is looked up by index as well', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()
  const asked: string[] = []
  const spied: Store = {
    ...store,
    database: {
      ...store.database,
      prepare: (sql) => (asked.push(sql), store.database.prepare(sql)),
    },
  }
  saveSample(spied, { name: 'a', sizeBytes: SIZE })
  saveSample(spied, { name: 'b' })

  expect(evictIfNeeded(spied, { limitBytes: SIZE }).entries).toBe(1)

  const plans = asked
    .filter((sql) => /^\s*(SELECT|DELETE|UPDATE)/.test(sql))
    .flatMap((sql) => {
      const parameters = Array.from({ length: sql.match(/\?/g)?.length ?? 0 }, () => 1)
      const numbered = new Set(sql.match(/\?\d/g)).size
      const plan = store.database
        .prepare(`EXPLAIN QUERY PLAN ${sql}`)
        .all(...(numbered > 0 ? parameters.slice(0, numbered) : parameters))
      return plan.map((row) => `${row['detail']} IN ${sql}`)
    })
  // Whole tables are read only where they have one row, or where an index holds just what is wanted.
  const scans = plans.filter(
    (detail) => detail.startsWith('SCAN') && !/SCAN (totals|CONSTANT ROW)/.test(detail),
  )
  expect(
    scans.filter(
      (detail) =>
        !/idx_unreferenced|SCAN cache_entries IN SELECT (created_at|number)[^]*DESC LIMIT 1/.test(
          detail,
        ),
    ),
  ).toEqual([])
})

function evicted(events: readonly VaultEvent[], store: Store): string[] {
  return events.flatMap((event) => (event.kind === 'evicted' ? [nameOf(store, event.key)] : []))
}

function use(store: Store, name: string): void {
  const entry = findEntry(store, { scope: 'local', key: keyOf(store, name) })
  recordHit(store, entry!, { savedMs: 1 })
}

/** Oldest first. */
function namesLeft(store: Store): string[] {
  return listEntries(store)
    .toReversed()
    .map((entry) => nameOf(store, entry.key))
}

const NAMES = [
  '0',
  '1',
  '2',
  '3',
  '4',
  '5',
  '6',
  '7',
  '8',
  '9',
  'a',
  'b',
  'old',
  'expiring',
  'newest',
]

function nameOf(store: Store, key: string): string {
  return NAMES.find((name) => keyOf(store, name) === key) ?? key
}
