import { expect, test } from 'vitest'
import { judge } from './judge.ts'
import type { RowResult, Sample, Target } from './row.ts'

test('judges a ratio by the medians and tells the median of the pairs', () => {
  const row = rowOf([10, 20, 90], [100, 100, 100], ratio('at-most', 0.2))

  expect(judge(row)).toMatchObject([{ reached: 0.2, pairedRatio: 0.2, isMet: true }])
})

test('marks a ratio that is too high as missed', () => {
  const row = rowOf([30, 30, 30], [100, 100, 100], ratio('at-most', 0.2))

  expect(judge(row)).toMatchObject([{ reached: 0.3, isMet: false }])
})

test('marks a ratio that is too low as missed when more is better', () => {
  const row = rowOf([30, 30, 30], [10, 10, 10], ratio('at-least', 4))

  expect(judge(row)).toMatchObject([{ reached: 3, isMet: false }])
})

test('gives no verdict without the peer', () => {
  const row = rowOf([30], [], ratio('at-most', 1))

  expect(judge(row)).toMatchObject([{ reached: undefined, isMet: undefined }])
})

test('holds the worst run against a limit of memory', () => {
  const samples: Sample[] = [{ rssBytes: 10 }, { rssBytes: 50 }, { rssBytes: 20 }]
  const limit: Target = { kind: 'limit', metric: 'rssBytes', bound: 'at-most', value: 40 }

  expect(judge(resultOf(samples, [], limit))).toMatchObject([{ reached: 50, isMet: false }])
})

function ratio(bound: Target['bound'], value: number): Target {
  return { kind: 'ratio', metric: 'wallMs', peer: 'peer', bound, value }
}

function rowOf(ours: readonly number[], peers: readonly number[], target: Target): RowResult {
  return resultOf(samplesOf(ours), samplesOf(peers), target)
}

function samplesOf(values: readonly number[]): Sample[] {
  return values.map((wallMs) => ({ wallMs }))
}

function resultOf(ours: Sample[], peers: Sample[], target: Target): RowResult {
  return {
    name: 'row',
    operation: 'operation',
    state: '-',
    targets: [target],
    contestants: [
      { name: 'taskvault', command: 'taskvault', samples: ours },
      { name: 'peer', command: 'peer', samples: peers },
    ],
    skipped: [],
  }
}
