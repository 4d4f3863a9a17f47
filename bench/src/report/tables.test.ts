import { expect, test } from 'vitest'
import type { RowResult, Target } from '../measure/row.ts'
import { renderGaps, renderTargets } from './tables.ts'

const TARGET: Target = {
  kind: 'ratio',
  bound: 'at-most',
  metric: 'wallMs',
  peer: 'tar | zstd',
  value: 0.5,
}

test('says plainly by how much a target was missed', () => {
  const table = renderTargets([rowOf({ ours: 75, peer: 100 })])

  expect(table).toContain('| 0.75× (pairs 0.75×) | **missed** by 50 % |')
})

test('says that a target was reached', () => {
  expect(renderTargets([rowOf({ ours: 25, peer: 100 })])).toContain(
    '| 0.25× (pairs 0.25×) | reached |',
  )
})

test('escapes the bars of pipelines', () => {
  expect(renderTargets([rowOf({ ours: 25, peer: 100 })])).toContain(String.raw`tar \| zstd`)
})

test('never shows a failed row as reached', () => {
  const row = { ...rowOf({ ours: 25, peer: 100 }), failure: 'a.js: content\nmore' }

  expect(renderTargets([row])).not.toContain('reached')
  expect(renderGaps([row])).toBe('- `row` failed: a.js: content more')
})

test('names missing peers with the reason', () => {
  const skipped = [{ name: 'restic', because: 'restic is not installed (apt-get install restic)' }]

  expect(renderGaps([{ ...rowOf({ ours: 1, peer: 1 }), skipped }])).toBe(
    '- `row` without `restic`: restic is not installed (apt-get install restic)',
  )
})

function rowOf({ ours, peer }: { ours: number; peer: number }): RowResult {
  return {
    name: 'row',
    operation: 'save',
    state: '-',
    targets: [TARGET],
    contestants: [
      { name: 'taskvault', command: '', samples: [{ wallMs: ours }] },
      { name: 'tar | zstd', command: '', samples: [{ wallMs: peer }] },
    ],
    skipped: [],
  }
}
