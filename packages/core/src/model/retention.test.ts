import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { EvictionStrategy } from './policy.ts'
import { planEviction } from './retention.ts'
import type { EvictionCandidate, EvictionLimits, EvictionQueues } from './retention.ts'

interface Entry extends EvictionCandidate {
  readonly strategy: EvictionStrategy
  readonly hits: number
  readonly isExpired: boolean
}

/** Stores of up to 30 entries, some of which share a few blobs. */
const stores = fc
  .array(
    fc.record({
      strategy: fc.constantFrom<EvictionStrategy>('lru', 'lfu', 'fifo'),
      accessedAtMs: fc.nat(1000),
      hits: fc.nat(5),
      isExpired: fc.boolean(),
      ownBytes: fc.integer({ min: 1, max: 100 }),
      shared: fc.uniqueArray(fc.nat(4), { maxLength: 3 }),
    }),
    { minLength: 1, maxLength: 30 },
  )
  .map((rows): Entry[] =>
    rows.map((row, index) => ({
      ...row,
      number: index + 1,
      blobs: [
        { number: index + 1, sizeBytes: row.ownBytes, refs: 1 },
        ...row.shared.map((blob) => ({
          number: 100 + blob,
          sizeBytes: 50 * (blob + 1),
          refs: rows.filter((other) => other.shared.includes(blob)).length,
        })),
      ],
    })),
  )

test('ends under half of the limit, and not further below than the last entry’s worth', () => {
  fc.assert(
    fc.property(stores, fc.integer({ min: 0, max: 1500 }), (entries, limitBytes) => {
      const plan = planFor(entries, limitBytes)

      const left = withoutFirst(entries, plan, plan.length)
      const used = bytesOf(left)
      if (bytesOf(entries) <= limitBytes) expect(plan).toEqual([])
      else if (used >= limitBytes / 2 && used > 0)
        expect(left.map((entry) => entry.number)).toEqual([entries.length])
      expect(used).toBeLessThanOrEqual(limitBytes)
      if (plan.length > 0) {
        const before = bytesOf(withoutFirst(entries, plan, plan.length - 1))
        expect(before).toBeGreaterThanOrEqual(limitBytes / 2)
      }
    }),
  )
})

test('names every entry at most once, and only entries that are there', () => {
  fc.assert(
    fc.property(stores, (entries) => {
      const plan = planFor(entries, 0)

      expect(new Set(plan).size).toBe(plan.length)
      expect(plan.toSorted((a, b) => a - b)).toEqual(entries.map((entry) => entry.number))
    }),
  )
})

test('expired entries go before all others, and the one saved last goes last', () => {
  fc.assert(
    fc.property(stores, fc.integer({ min: 0, max: 1500 }), (entries, limitBytes) => {
      const plan = planFor(entries, limitBytes).filter((number) => number !== entries.length)
      const isExpired = plan.map((number) => entries[number - 1]!.isExpired)

      expect(isExpired).toEqual(isExpired.toSorted((a, b) => Number(b) - Number(a)))
      expect(planFor(entries, 0).at(-1)).toBe(entries.length)
    }),
  )
})

test.each<EvictionStrategy>(['lru', 'lfu', 'fifo'])('entries of %s go in its order', (strategy) => {
  fc.assert(
    fc.property(stores, fc.integer({ min: 0, max: 1500 }), (entries, limitBytes) => {
      const own = planFor(entries, limitBytes)
        .map((number) => entries[number - 1]!)
        .filter((entry) => entry.strategy === strategy && !entry.isExpired)
        .filter((entry) => entry.number !== entries.length)

      expect(own).toEqual(own.toSorted(ORDERS[strategy]))
    }),
  )
})

test('of what the strategies name, the one unused for longest goes', () => {
  const entries = [
    sample({ number: 1, strategy: 'fifo', accessedAtMs: 90 }),
    sample({ number: 2, strategy: 'lru', accessedAtMs: 10 }),
    sample({ number: 3, strategy: 'lru', accessedAtMs: 40 }),
    sample({ number: 4, strategy: 'lfu', accessedAtMs: 30 }),
    sample({ number: 5, strategy: 'lru', accessedAtMs: 99 }),
  ]

  expect(planFor(entries, 0)).toEqual([2, 4, 3, 1, 5])
})

test('a shared blob is freed with the last entry that needs it', () => {
  const shared = { number: 9, sizeBytes: 1000, refs: 2 }
  const entries = [1, 2, 3].map((number) =>
    sample({
      number,
      accessedAtMs: number,
      blobs: [{ number, sizeBytes: 1, refs: 1 }, ...(number < 3 ? [shared] : [])],
    }),
  )

  expect(planFor(entries, 600)).toEqual([1, 2])
})

test('the entry saved last stays when it fits the limit by itself, though not the half', () => {
  const entries = [1, 2].map((number) =>
    sample({ number, blobs: [{ number, sizeBytes: 60, refs: 1 }] }),
  )

  expect(planFor(entries, 100)).toEqual([1])
  expect(planFor(entries, 59)).toEqual([1, 2])
})

test('reads no further than it has to', () => {
  let read = 0
  function* endless(): Generator<EvictionCandidate> {
    for (let number = 1; ; number += 1) {
      read += 1
      yield sample({ number, accessedAtMs: number, blobs: [{ number, sizeBytes: 10, refs: 1 }] })
    }
  }
  const queues: EvictionQueues = { expired: [], byStrategy: { lru: endless(), lfu: [], fifo: [] } }
  const limits = {
    usedBytes: 1_000_000,
    limitBytes: 999_999,
    targetBytes: 999_900,
    hasBegun: false,
    newest: undefined,
  }

  expect([...planEviction(queues, limits)]).toHaveLength(11)
  expect(read).toBeLessThan(14)
})

const ORDERS: Readonly<Record<EvictionStrategy, (a: Entry, b: Entry) => number>> = {
  lru: (a, b) => a.accessedAtMs - b.accessedAtMs || a.number - b.number,
  lfu: (a, b) => a.hits - b.hits || a.accessedAtMs - b.accessedAtMs || a.number - b.number,
  fifo: (a, b) => a.number - b.number,
}

function planFor(entries: readonly Entry[], limitBytes: number): number[] {
  const queue = (strategy: EvictionStrategy): Entry[] =>
    entries.filter((entry) => entry.strategy === strategy).toSorted(ORDERS[strategy])
  const queues: EvictionQueues = {
    expired: entries.filter((entry) => entry.isExpired),
    byStrategy: { lru: queue('lru'), lfu: queue('lfu'), fifo: queue('fifo') },
  }
  const limits: EvictionLimits = {
    usedBytes: bytesOf(entries),
    limitBytes,
    targetBytes: limitBytes / 2,
    hasBegun: false,
    newest: entries.length,
  }
  return [...planEviction(queues, limits)].map((planned) => planned.number)
}

function withoutFirst(entries: readonly Entry[], plan: readonly number[], count: number): Entry[] {
  const gone = plan.slice(0, count)
  return entries.filter((entry) => !gone.includes(entry.number))
}

function bytesOf(entries: readonly Entry[]): number {
  const blobs = new Map(
    entries.flatMap((entry) => entry.blobs).map((blob) => [blob.number, blob.sizeBytes]),
  )
  return [...blobs.values()].reduce((sum, bytes) => sum + bytes, 0)
}

function sample(entry: Partial<Entry> & { readonly number: number }): Entry {
  return {
    strategy: 'lru',
    accessedAtMs: 0,
    hits: 0,
    isExpired: false,
    blobs: [{ number: entry.number, sizeBytes: 1, refs: 1 }],
    ...entry,
  }
}
