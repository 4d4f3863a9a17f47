import { describe, expect, test } from 'vitest'
import { findEvictedOutOfTurn } from './eviction-order.ts'

describe('findEvictedOutOfTurn', () => {
  test('what was used first goes first', () => {
    expect(outOfTurn('SAVE a', 'SAVE b', 'SAVE c', 'EVICT a', 'EVICT b')).toEqual([])
    expect(outOfTurn('SAVE a', 'SAVE b', 'SAVE c', 'EVICT b')).toEqual([['b', 'a']])
  })

  test('a hit is a use', () => {
    expect(outOfTurn('SAVE a', 'SAVE b', 'SAVE c', 'HIT a', 'EVICT b')).toEqual([])
    expect(outOfTurn('SAVE a', 'SAVE b', 'SAVE c', 'HIT a', 'EVICT a')).toEqual([['a', 'b']])
  })

  test('a hit just after a save may have been one of the entry before, and proves nothing', () => {
    const lines = ['SAVE b', 'SAVE a', 'HIT b', 'HIT a', 'SAVE c', 'EVICT a']

    expect(findEvictedOutOfTurn(logOf(lines, 100))).toEqual([])
    expect(findEvictedOutOfTurn(logOf(lines, 10_000))).toHaveLength(1)
  })

  test('the entry saved last is spared, however long ago', () => {
    expect(outOfTurn('SAVE a', 'SAVE b', 'HIT a', 'EVICT a')).toEqual([])
  })

  test.each(['INVALIDATE', 'QUARANTINE', 'EVICT'])('what went by %s did not stay', (kind) => {
    expect(outOfTurn('SAVE a', 'SAVE b', 'SAVE c', `${kind} a`, 'HIT a', 'EVICT b')).toEqual([])
  })
})

/** Pairs of what was evicted and what stayed. */
function outOfTurn(...lines: readonly string[]): readonly (readonly string[])[] {
  return findEvictedOutOfTurn(logOf(lines, 10_000)).map((found) => {
    const [, evicted = '', stayed = ''] = /^(\w+) was evicted, and (\w+) stayed/.exec(found) ?? []
    return [evicted, stayed]
  })
}

function logOf(lines: readonly string[], apartMs: number): string {
  return lines
    .map((line, index) => {
      const [kind, key] = line.split(' ')
      return `[${new Date(index * apartMs).toISOString()}] ${kind} lru task=t key=${key}\n`
    })
    .join('')
}
