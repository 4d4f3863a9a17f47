import { expect, test } from 'vitest'
import { keyOf, openTemporaryStore, saveSample } from '../../testing/temporary-store.ts'
import { findEntry, listEntries } from '../entries/entries.ts'
import { recordHit } from '../entries/record-use.ts'
import { evictIfNeeded } from '../removal/evict.ts'
import type { Store } from '../store.ts'

const DAY = 24 * 60 * 60 * 1000

test('an entry from the future does not outlive its time to live, from now on', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()
  saveSample(store, { name: 'past', ttlMs: DAY })
  temporary.nowMs += 400 * DAY
  const { key } = saveSample(store, { name: 'future', ttlMs: DAY })
  temporary.nowMs -= 400 * DAY

  const entry = findEntry(store, { scope: 'local', key })

  expect(entry).toMatchObject({
    createdAtMs: temporary.nowMs,
    expiresAtMs: temporary.nowMs + DAY,
    isExpired: false,
  })
  temporary.nowMs += DAY
  expect(findEntry(store, { scope: 'local', key })?.isExpired).toBe(true)
})

test('the same when nobody looked while the clock was wrong: on open', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()
  temporary.nowMs += 400 * DAY
  for (const name of ['a', 'b', 'c']) saveSample(store, { name, ttlMs: DAY })
  temporary.nowMs -= 400 * DAY

  const again = await temporary.open()

  expect(listEntries(again).map((entry) => entry.expiresAtMs)).toEqual(
    [1, 2, 3].map(() => temporary.nowMs + DAY),
  )
})

test('an entry that expired while the clock was ahead is there again when it is right', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()
  const { key } = saveSample(store, { name: 'a', ttlMs: DAY })

  temporary.nowMs += 400 * DAY
  expect(findEntry(store, { scope: 'local', key })?.isExpired).toBe(true)
  temporary.nowMs -= 400 * DAY

  expect(findEntry(store, { scope: 'local', key })).toMatchObject({
    isExpired: false,
    expiresAtMs: temporary.nowMs + DAY,
  })
})

test.each([-400 * DAY, -5 * 60_000, 0, 5 * 60_000, 400 * DAY])(
  'what was used last is evicted last, with the clock set by %i ms in between',
  async (change) => {
    using temporary = await openTemporaryStore()
    const store = await temporary.open()
    for (const name of ['a', 'b', 'c', 'newest']) saveSample(store, { name })
    use(store, 'c')
    use(store, 'b')
    temporary.nowMs += change

    use(store, 'a')
    evictIfNeeded(store, { limitBytes: 0 })

    const order = temporary.events.flatMap((event) => (event.kind === 'evicted' ? [event.key] : []))
    expect(order).toEqual(['c', 'b', 'a', 'newest'].map((name) => keyOf(store, name)))
  },
)

test('nobody is shown a use in the future', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()
  const { key } = saveSample(store, { name: 'a' })
  use(store, 'a')
  temporary.nowMs -= DAY

  use(store, 'a')

  expect(findEntry(store, { scope: 'local', key })?.accessedAtMs).toBe(temporary.nowMs)
})

function use(store: Store, name: string): void {
  recordHit(store, findEntry(store, { scope: 'local', key: keyOf(store, name) })!, { savedMs: 0 })
}
