import { expect, test } from 'vitest'
import { listRemovals } from './removal-log.ts'

test('tells how many others were used since', () => {
  const log = logOf('SAVE a', 'SAVE b', 'SAVE c', 'HIT b', 'HIT b', 'MISS d', 'EVICT a', 'EVICT b')

  expect(listRemovals(log)).toEqual([
    { key: 'a', atMs: 6_000, othersUsed: 2 },
    { key: 'b', atMs: 7_000, othersUsed: 0 },
  ])
})

test('what is removed on demand need not have gone', () => {
  expect(listRemovals(logOf('SAVE a', 'SAVE b', 'INVALIDATE a'))).toEqual([
    { key: 'a', atMs: 2_000, othersUsed: 0 },
  ])
})

function logOf(...lines: readonly string[]): string {
  return lines
    .map((line, second) => {
      const [kind, key] = line.split(' ')
      return `[${new Date(second * 1_000).toISOString()}] ${kind} lru task=t key=${key}\n`
    })
    .join('')
}
