import { expect, test } from 'vitest'
import { judgeGrowth } from './judge-growth.ts'
import type { RowResult } from './row.ts'

test('finds cost that grows with size linear, whatever it costs to start', () => {
  const verdicts = judgeGrowth(lineOf((size) => 300 + size * 0.01))

  expect(verdicts).toMatchObject([{ line: 'save', isMet: true }])
})

test('finds cost that grows with the square of the size not linear', () => {
  const verdicts = judgeGrowth(lineOf((size) => 300 + size ** 2 / 1e6))

  expect(verdicts).toMatchObject([{ isMet: false }])
})

test('gives no verdict on two points', () => {
  const verdicts = judgeGrowth(lineOf((size) => size).slice(0, 2))

  expect(verdicts).toMatchObject([{ isMet: undefined }])
})

function lineOf(cost: (size: number) => number): RowResult[] {
  return [1000, 10_000, 100_000, 500_000].map((size) => ({
    name: `save-${size}`,
    point: { line: 'save', size },
    operation: 'save',
    state: '-',
    targets: [],
    contestants: [
      { name: 'taskvault', command: '', samples: [{ wallMs: cost(size), rssBytes: 1 }] },
    ],
    skipped: [],
  }))
}
