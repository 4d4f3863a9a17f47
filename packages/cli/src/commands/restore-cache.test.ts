import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { describe, expect, test } from 'vitest'
import { createProject, runMain } from '../testing/run-main.ts'
import type { Ran } from '../testing/run-main.ts'

describe('restore --cache', () => {
  test('keeps what lies outside of the project, and finds it in another home', async () => {
    const machine = createMachine()
    await fill(machine, 'one')
    const other = { ...machine, home: createProject() }

    const hit = await restore(other)

    expect(hit.code).toBe(0)
    expect(readFileSync(path.join(other.home, '.npm/package'), 'utf8')).toBe('one')
  })

  test('depends on the files that are named, and on nothing else', async () => {
    const machine = createMachine()
    await fill(machine, 'one')
    writeFileSync(path.join(machine.project, 'another.txt'), 'x')

    const untouched = await restore(machine)
    writeFileSync(path.join(machine.project, 'lock'), '2')
    const changed = await restore(machine)

    expect([untouched.code, changed.code]).toEqual([0, 1])
  })

  test('starts from the newest entry of another name on a miss, and saves under its own', async () => {
    const machine = createMachine()
    await fill(machine, 'one')
    writeFileSync(path.join(machine.project, 'lock'), '2')
    rmSync(path.join(machine.home, '.npm'), { recursive: true })

    const partial = await restore(machine, ['--fallback', 'unknown', '--fallback', 'npm'])

    expect([partial.code, partial.stderr]).toEqual([
      1,
      expect.stringMatching(
        /^npm: a miss \(changed: lock\)\nnpm: starting from npm: restored 1 file/,
      ),
    ])
    expect(readFileSync(path.join(machine.home, '.npm/package'), 'utf8')).toBe('one')
    expect((await taskvault(machine, ['save', 'npm'])).stderr).toMatch(/saved 1 file/)
    expect((await restore(machine)).code).toBe(0)
  })

  test('says so in JSON', async () => {
    const machine = createMachine()
    await fill(machine, 'one')
    writeFileSync(path.join(machine.project, 'lock'), '2')

    const partial = await restore(machine, ['--fallback', 'npm', '--json'])

    expect(JSON.parse(partial.stdout)).toMatchObject({
      outcome: 'partial',
      task: 'npm',
      fallback: { task: 'npm', key: expect.stringMatching(/^[0-9a-f]{64}$/) },
    })
  })

  test.each([
    ['the home directory', '~/', /is inside it/],
    ['the root', '/', /is inside it/],
    ['keys', '~/.ssh', /\.ssh/],
    ['another project’s repository', '/elsewhere/.git/hooks', /\.git/],
    ['the project', '.', /whole project/],
    ['what is above the project', '..', /is inside it/],
  ])('refuses to take %s', async (_, output, message) => {
    const machine = createMachine()

    const refused = await taskvault(machine, ['restore', 'npm', '--cache', '--output', output])

    expect([refused.code, refused.stderr]).toEqual([73, expect.stringMatching(message)])
  })

  test.each([
    ['a fallback for a result', ['restore', 'unit', '--fallback', 'npm'], /no fallback/],
    ['a command for a cache', ['restore', 'npm', '--cache', '--command', 'make'], /no command/],
    ['a path outside for a result', ['restore', 'unit', '--output', '/tmp/x'], /not inside/],
  ])('refuses %s', async (_, words, message) => {
    const refused = await taskvault(createMachine(), words)

    expect(refused.code).toBeGreaterThanOrEqual(64)
    expect(refused.stderr).toMatch(message)
  })
})

interface Machine {
  readonly project: string
  readonly home: string
}

function createMachine(): Machine {
  const root = createProject({ 'project/lock': '1', 'home/x': '' })
  return { project: path.join(root, 'project'), home: path.join(root, 'home') }
}

async function fill(machine: Machine, content: string): Promise<void> {
  await restore(machine)
  expect(existsSync(path.join(machine.home, '.npm'))).toBe(false)
  mkdirSync(path.join(machine.home, '.npm'))
  writeFileSync(path.join(machine.home, '.npm/package'), content)
  await taskvault(machine, ['save', 'npm'])
}

async function restore(machine: Machine, words: readonly string[] = []): Promise<Ran> {
  const cache = ['--cache', '--input', 'lock', '--output', '~/.npm']
  return await taskvault(machine, ['restore', 'npm', ...cache, ...words])
}

async function taskvault({ project, home }: Machine, words: readonly string[]): Promise<Ran> {
  const env = { PATH: process.env['PATH'] ?? '', HOME: home }
  return await runMain(words, { cwd: project, env })
}
