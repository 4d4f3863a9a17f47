import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readRange } from './byte-range.ts'

test('a part always lies within the bytes, and has some', () => {
  const text = fc.oneof(
    fc.string(),
    fc.tuple(fc.nat(), fc.nat()).map(([first, last]) => `bytes=${first}-${last}`),
    fc.nat().map((first) => `bytes=${first}-`),
    fc.nat().map((count) => `bytes=-${count}`),
  )
  fc.assert(
    fc.property(text, fc.nat(1000), (header, sizeBytes) => {
      const wanted = readRange(header, sizeBytes)
      if (wanted.kind !== 'part') return
      const { start, end } = wanted.range
      expect(start).toBeGreaterThanOrEqual(0)
      expect(end).toBeGreaterThan(start)
      expect(end).toBeLessThanOrEqual(sizeBytes)
    }),
  )
})

test.each([
  ['bytes=0-0', 10, { kind: 'part', range: { start: 0, end: 1 } }],
  ['bytes=9-9', 10, { kind: 'part', range: { start: 9, end: 10 } }],
  ['bytes=10-', 10, { kind: 'unsatisfiable' }],
  ['bytes=-0', 10, { kind: 'unsatisfiable' }],
  ['bytes=0-', 0, { kind: 'unsatisfiable' }],
  ['bytes=5-2', 10, { kind: 'whole' }],
  ['bytes=-', 10, { kind: 'whole' }],
  ['bytes=0-1,3-4', 10, { kind: 'whole' }],
  ['bytes=0x1-2', 10, { kind: 'whole' }],
  [undefined, 10, { kind: 'whole' }],
])('%s of %i bytes', (header, sizeBytes, expected) => {
  expect(readRange(header, sizeBytes)).toEqual(expected)
})
