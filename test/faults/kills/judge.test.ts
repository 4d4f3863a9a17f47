import { expect, test } from 'vitest'
import type { HistoryEvent, Operation, ProcessHistory, ReadOutcome } from './history.ts'
import { judge } from './judge.ts'
import type { RemovalLog } from './judge.ts'

const NOTHING_REMOVED: RemovalLog = { removedBetween: () => undefined }

test('a read of what was acknowledged last is in order, and so is one of a save that was cut off', () => {
  const writer = writerOf(
    [...saved('hot-a', 1, 10), began(20, { name: 'save', key: 'hot-a', generation: 2 })],
    25,
  )
  const reads = [
    read('hot-a', 15, hit('hot-a', 1)),
    read('hot-a', 30, hit('hot-a', 2)),
    read('hot-a', 31, hit('hot-a', 1)),
  ]

  expect(judge([writer, readerOf(reads)], NOTHING_REMOVED)).toMatchObject({
    violations: [],
    hits: 3,
    acknowledgedSaves: 1,
  })
})

test('a miss before the first save was acknowledged is in order', () => {
  expect(violationsOf([read('hot-a', 11, miss())], saved('hot-a', 1, 10))).toEqual([])
})

test.each<[string, HistoryEvent]>([
  ['wrong-bytes', read('hot-a', 30, { kind: 'hit', identity: undefined })],
  ['wrong-bytes', read('hot-a', 30, hit('hot-b', 1))],
  ['wrong-bytes', read('hot-a', 30, hit('hot-a', 7))],
  ['stale', read('hot-a', 30, hit('hot-a', 0))],
  ['lost', read('hot-a', 30, miss())],
  ['lost', read('cold-a', 30, miss())],
])('%s is found', (kind, event) => {
  const saves = [...saved('hot-a', 0, 1), ...saved('hot-a', 1, 10), ...saved('cold-a', 3, 20)]

  expect(violationsOf([event], saves)).toEqual([kind])
})

test('whatever nobody caught is found', () => {
  expect(violationsOf([{ kind: 'uncaught', at: 1, message: 'boom' }], [])).toEqual(['uncaught'])
})

test('a key may be missed when it was evicted, invalidated, or its removal cut off', () => {
  const saves = saved('cold-a', 1, 10)
  const event = read('cold-a', 30, miss())
  const evicted: RemovalLog = {
    removedBetween: (key, from, to) =>
      key === 'cold-a' && from <= 20 && to >= 20 ? { at: 20, othersUsed: 0 } : undefined,
  }
  const cut = writerOf([...saves, began(18, { name: 'evict' })], 20)
  const invalidated = [...saves, began(18, { name: 'invalidate', key: 'cold-a' }), ended(19)]

  expect(judge([writerOf(saves), readerOf([event])], evicted).violations).toEqual([])
  expect(judge([cut, readerOf([event])], NOTHING_REMOVED).violations).toEqual([])
  expect(violationsOf([event], invalidated)).toEqual([])
})

test.each([
  [11, ['evicted-in-use']],
  [12, []],
])('a key in use may be missed when it went after %i others were used', (othersUsed, kinds) => {
  const evicted: RemovalLog = { removedBetween: () => ({ at: 20, othersUsed }) }
  const reads = [read('hot-a', 5, miss()), read('hot-a', 30, miss()), read('cold-a', 30, miss())]
  const saves = [...saved('hot-a', 1, 10), ...saved('cold-a', 1, 10)]
  const { violations, misses, missesInUse } = judge([writerOf(saves), readerOf(reads)], evicted)

  expect(violations.map(({ kind }) => kind)).toEqual(kinds)
  expect({ misses, missesInUse }).toEqual({ misses: 3, missesInUse: 1 })
})

test('saves that gave up are counted by their codes', () => {
  const refused = [began(1, { name: 'save', key: 'hot-a', generation: 1 }), ended(2, 'DISK_FULL')]

  expect(judge([writerOf(refused)], NOTHING_REMOVED).refusals).toEqual({ DISK_FULL: 1 })
})

function violationsOf(
  events: readonly HistoryEvent[],
  saves: readonly HistoryEvent[],
): readonly string[] {
  return judge([writerOf(saves), readerOf(events)], NOTHING_REMOVED).violations.map(
    (violation) => violation.kind,
  )
}

function writerOf(events: readonly HistoryEvent[], killedAt?: number): ProcessHistory {
  return { slot: 0, events, killedAt }
}

function readerOf(events: readonly HistoryEvent[]): ProcessHistory {
  return { slot: 1, events, killedAt: undefined }
}

function saved(key: string, generation: number, at: number): HistoryEvent[] {
  return [began(at, { name: 'save', key, generation }), ended(at + 2)]
}

function began(at: number, operation: Operation): HistoryEvent {
  return { kind: 'began', at, operation }
}

function ended(at: number, outcome = 'done'): HistoryEvent {
  return { kind: 'ended', at, outcome }
}

function read(key: string, beganAt: number, outcome: ReadOutcome): HistoryEvent {
  return { kind: 'read', at: beganAt + 1, beganAt, key, outcome }
}

function hit(key: string, generation: number): ReadOutcome {
  return { kind: 'hit', identity: { key, generation } }
}

function miss(): ReadOutcome {
  return { kind: 'miss', reasons: '' }
}
