import { chmodSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { createProject, runMain } from '../testing/run-main.ts'

test.each([
  ['debug', /^debug: saved task [0-9a-f]{8}\.\.\., \d+ bytes added\n$/],
  ['info', /^$/],
])('at log level %s a save writes %s', async (level, expected) => {
  const cwd = createProject({ input: 'i', output: 'o' })
  const env = { TASKVAULT_LOG_LEVEL: level }

  const { stderr } = await runMain(['cache', 'save', 'task', 'input', 'output'], { cwd, env })

  expect(stderr).toMatch(expected)
})

test.each([
  ['info', true],
  ['warn', true],
  ['error', false],
])('at log level %s a damaged entry is told of: %s', async (level, isTold) => {
  const cwd = createProject({ input: 'i', output: 'o' })
  await runMain(['cache', 'save', 'task', 'input', 'output'], { cwd })
  const blobs = path.join(cwd, '.taskvault', 'cache', 'blobs')
  for (const name of readdirSync(blobs)) {
    chmodSync(path.join(blobs, name), 0o644)
    writeFileSync(path.join(blobs, name), 'damaged')
  }

  const env = { TASKVAULT_LOG_LEVEL: level }
  const { code, stderr } = await runMain(['cache', 'get', 'task', 'input', 'restored'], {
    cwd,
    env,
  })

  expect(code).toBe(1)
  expect(stderr.includes('warning: an entry of task was damaged')).toBe(isTold)
  expect(stderr).toContain('✗ Cache miss for task: the entry is damaged')
})
