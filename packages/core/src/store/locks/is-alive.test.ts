import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { hasEnded, isAlive } from './is-alive.ts'

test('a process is alive until it has ended', () => {
  expect(isAlive(process.pid)).toBe(true)
  expect(isAlive(spawnSync(process.execPath, ['-e', '']).pid)).toBe(false)
})

test.each([
  ['whose last thread is gone has ended', 'Z', 1, true],
  ['with a thread that is still in a system call has not', 'Z', 2, false],
  ['that waits has not', 'S', 1, false],
])('a process %s', (_, state, threads, ended) => {
  const line = `26380 (a) Z 1 (b) ${state} 26377 26377 14005 0 -1 4227084 2963 6528 13 2 2 2 4 0 20 0 ${threads} 0 7950226 0\n`

  expect(hasEnded(line)).toBe(ended)
})

test('without a line there is nothing to tell it by', () => {
  expect(hasEnded('')).toBe(false)
})
