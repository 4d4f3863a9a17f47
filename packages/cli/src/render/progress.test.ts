import { expect, test } from 'vitest'
import { createTestHost } from '../testing/run-main.ts'
import { createProgress, renderBar } from './progress.ts'

const halfway = {
  kind: 'progress',
  phase: 'saving',
  done: 20_000,
  total: 40_000,
  unit: 'files',
} as const

test('a bar tells phase, share and counts', () => {
  expect(renderBar(halfway, 100)).toBe('Saving ████████████░░░░░░░░░░░░  50%  20000 of 40000 files')
})

test('without a total it counts up', () => {
  expect(renderBar({ ...halfway, total: undefined, unit: 'bytes', done: 2 ** 20 }, 100)).toBe(
    'Saving 1.00 MB',
  )
})

test('a bar is never longer than the terminal is wide, nor its share over 100%', () => {
  expect(renderBar(halfway, 20)).toHaveLength(19)
  expect(renderBar({ ...halfway, done: 50_000 }, 100)).toContain('100%')
})

test('nothing is drawn in the first half second, and then at most ten times a second', () => {
  let nowMs = 0
  const host = createTestHost({ cwd: '/', isTerminal: true, now: () => nowMs })
  const progress = createProgress(host, { isEnabled: true })

  const drawnAt: number[] = []
  for (; nowMs < 1000; nowMs += 10) {
    const before = host.written('stderr').length
    progress.read(halfway)
    if (host.written('stderr').length > before) drawnAt.push(nowMs)
  }

  expect(drawnAt).toEqual([500, 600, 700, 800, 900])
})

test('what is done once more has half a second of its own', () => {
  let nowMs = 0
  const host = createTestHost({ cwd: '/', isTerminal: true, now: () => nowMs })
  const progress = createProgress(host, { isEnabled: true })

  progress.read(halfway)
  nowMs = 60_000
  progress.read({ ...halfway, done: 1 })
  const atOnce = host.written('stderr')
  nowMs += 500
  progress.read({ ...halfway, done: 2 })

  expect(atOnce).toBe('')
  expect(host.written('stderr')).toContain('2 of 40000 files')
})

test('the bar is wiped at the end', () => {
  let nowMs = 0
  const host = createTestHost({ cwd: '/', isTerminal: true, now: () => nowMs })
  const progress = createProgress(host, { isEnabled: true })
  nowMs = 600

  progress.read(halfway)
  progress.end()

  expect(host.written('stderr')).toMatch(/files\r\u001b\[2K$/)
})

test('where stderr is no terminal nothing is drawn', () => {
  let nowMs = 0
  const host = createTestHost({ cwd: '/', now: () => (nowMs += 1000) })
  const progress = createProgress(host, { isEnabled: true })

  progress.read(halfway)
  progress.end()

  expect(host.written('stderr')).toBe('')
})
