import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createTokenBuckets } from './token-bucket.ts'

test('over any time, no more is taken than the burst, the rate and one last amount', () => {
  const steps = fc.array(
    fc.record({
      afterMs: fc.integer({ min: 0, max: 5000 }),
      amount: fc.integer({ min: 1, max: 50 }),
    }),
    { maxLength: 200 },
  )
  fc.assert(
    fc.property(
      steps,
      fc.integer({ min: 1, max: 100 }),
      fc.integer({ min: 1, max: 100 }),
      (asked, perSecond, burst) => {
        let nowMs = 0
        let taken = 0
        const buckets = createTokenBuckets({ perSecond, burst }, () => nowMs)
        for (const { afterMs, amount } of asked) {
          nowMs += afterMs
          if (buckets.take('a', amount) === 0) taken += amount
        }
        expect(taken).toBeLessThanOrEqual(burst + (nowMs / 1000) * perSecond + 50)
      },
    ),
  )
})

test('who waits as long as they were told gets something', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100 }),
      fc.double({ min: 0.01, max: 100, noNaN: true }),
      (amount, perSecond) => {
        let nowMs = 0
        const buckets = createTokenBuckets({ perSecond, burst: 10 }, () => nowMs)
        const afterWaiting = Array.from({ length: 20 }, () => {
          const waitSeconds = buckets.take('a', amount)
          nowMs += waitSeconds * 1000
          return waitSeconds === 0 ? 0 : buckets.take('a', amount)
        })
        expect(new Set(afterWaiting)).toEqual(new Set([0]))
      },
    ),
  )
})

test('names have buckets of their own, and a great many names do not stay', () => {
  let nowMs = 0
  const buckets = createTokenBuckets({ perSecond: 1, burst: 1 }, () => nowMs)

  const first = Array.from({ length: 20_000 }, (_, index) => buckets.take(`name ${index}`, 1))
  const again = buckets.take('name 19999', 1)
  nowMs += 1000

  expect(new Set(first)).toEqual(new Set([0]))
  expect(again).toBe(1)
  expect(buckets.take('name 19999', 1)).toBe(0)
})

test('a clock that is set back makes nobody wait for longer', () => {
  let nowMs = 3_600_000
  const buckets = createTokenBuckets({ perSecond: 1, burst: 1 }, () => nowMs)
  buckets.take('a', 1)

  nowMs = 0
  const waitSeconds = buckets.take('a', 1)
  nowMs += waitSeconds * 1000

  expect([waitSeconds, buckets.take('a', 1)]).toEqual([1, 0])
})

test('an endless allowance refuses nothing', () => {
  const buckets = createTokenBuckets(
    { perSecond: Number.POSITIVE_INFINITY, burst: Number.POSITIVE_INFINITY },
    () => 0,
  )

  expect(buckets.take('a', 1e15)).toBe(0)
})
