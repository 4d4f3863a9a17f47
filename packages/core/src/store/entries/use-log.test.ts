import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { TaskVaultError } from '../../errors.ts'
import type { TaskName } from '../../model/task.ts'
import { keyOf, openTemporaryStore, saveSample } from '../../testing/temporary-store.ts'
import { tailAudit } from '../audit/audit-log.ts'
import { verifyAudit } from '../audit/verify-audit.ts'
import { evictIfNeeded } from '../removal/evict.ts'
import type { Store } from '../store.ts'
import { findEntry } from './entries.ts'
import { recordError, recordHit, recordMiss } from './record-use.ts'
import { readStatistics } from './statistics.ts'

const TASK = 'unit_tests' as TaskName

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'hrtime'] }))
afterEach(() => void vi.useRealTimers())

test('a first look-up is written at once, and those that follow together with what comes next', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()
  const { key } = saveSample(store, { name: 'a' })

  hit(store, 'a')
  const first = operations(store)
  hit(store, 'a')
  temporary.nowMs += 1_500
  recordMiss(store, { task: TASK, key, reasons: [] })
  const waiting = operations(store)
  const error = new TaskVaultError('DISK_FULL', 'No room')
  recordError(store, { operation: 'save_error', task: TASK, error })

  expect(first).toEqual(['SAVE put', 'HIT get'])
  expect(waiting).toEqual(first)
  expect(operations(store)).toEqual([...first, 'HIT get', 'MISS get', 'ERROR save_error'])
  expect(secondsOf(store)).toEqual(['45', '45', '45', '46', '46'])
  expect(readStatistics(store, 0)).toMatchObject({ hits: 2, misses: 1, savedMs: 20 })
  expect(findEntry(store, { scope: 'local', key })).toMatchObject({ hits: 2 })
  expect(verifyAudit(store)).toMatchObject({ kind: 'sound', lines: 5, interruptions: 0 })
})

test('who evicts goes by all of its own uses, in their order', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()
  for (const name of ['a', 'b', 'c', 'newest']) saveSample(store, { name })

  for (const name of ['b', 'c', 'a', 'b']) hit(store, name)
  evictIfNeeded(store, { limitBytes: 0 })

  const order = temporary.events.flatMap((event) => (event.kind === 'evicted' ? [event.key] : []))
  expect(order).toEqual(['c', 'a', 'b', 'newest'].map((name) => keyOf(store, name)))
})

test('what waits is written when nothing else happens, and when the store is closed', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()
  const other = await temporary.open()
  saveSample(store, { name: 'a' })

  for (let times = 0; times < 3; times += 1) hit(store, 'a')
  expect(readStatistics(other, 0).hits).toBe(1)
  vi.advanceTimersByTime(50)
  expect(readStatistics(other, 0).hits).toBe(3)
  hit(store, 'a')
  hit(store, 'a')
  store[Symbol.dispose]()

  expect(readStatistics(other, 0).hits).toBe(5)
})

test('look-ups without a pause, in which no timer has a turn, are written as well', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()
  saveSample(store, { name: 'a' })
  vi.useRealTimers()
  vi.useFakeTimers({ toFake: ['hrtime'] })

  for (let ms = 0; ms < 200; ms += 1) {
    hit(store, 'a')
    vi.advanceTimersByTime(1)
  }

  expect(readStatistics(store, 0).hits).toBeGreaterThan(150)
})

function hit(store: Store, name: string): void {
  const entry = findEntry(store, { scope: 'local', key: keyOf(store, name) })!
  recordHit(store, entry, { savedMs: 10 })
}

/** Kind and operation of each line of the audit log. */
function operations(store: Store): string[] {
  return linesOf(store).map((line) => line.split(' ', 3).slice(1).join(' '))
}

/** The second of each line. */
function secondsOf(store: Store): string[] {
  return linesOf(store).map((line) => line.slice(18, 20))
}

function linesOf(store: Store): string[] {
  return tailAudit(store.cacheDirectory, 99)
}
