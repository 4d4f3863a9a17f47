import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { openRig } from '../rig/rig.ts'
import type { Rig } from '../rig/rig.ts'
import { openScriptedCommand } from '../rig/scripted-command.ts'

/* What a run saves, what it does not, and that trouble with the cache is not the task's. */

const OPTIONS = ['--input', 'src/**', '--output', 'out.txt']

test('inputs that change while the command runs are named, and nothing is saved', async () => {
  await using rig = openRig({ 'src/a.txt': 'A', 'src/b.txt': 'B' })
  await using command = await openScriptedCommand()
  const run = rig.start(['taskvault', 'run', 'build', ...OPTIONS, '--', ...command.words])
  const invocation = await command.next()

  rig.write('src/a.txt', 'edited meanwhile')
  await invocation.write('out.txt', 'made of whatever')
  await invocation.exit(0)
  const finished = await run.finished
  rig.write('src/a.txt', 'A')

  expect(finished.exitCode).toBe(0)
  expect(finished.stderr).toContain('not saved: inputs changed while it ran (changed: src/a.txt)')
  expect(await decision(rig, [...OPTIONS, '--', ...command.words])).toBe('miss')
})

test('a command that removes its inputs saves nothing either', async () => {
  await using rig = openRig({ 'src/a.txt': 'A' })

  const run = await rig.taskvault(['run', 'build', '--input', 'src/**', '--', 'rm', 'src/a.txt'])

  expect(run.exitCode).toBe(0)
  expect(run.stderr).toContain('removed: src/a.txt')
})

test('outputs below an input pattern are no inputs', async () => {
  await using rig = openRig({ 'a.txt': 'A' })
  const words = [
    'run',
    'build',
    '--input',
    '**',
    '--output',
    'out',
    '--',
    'sh',
    '-c',
    'mkdir -p out; cp a.txt out/',
  ]

  await rig.taskvault(words)
  const second = await rig.taskvault(words)

  expect(second.stderr).toContain('✓ build')
})

test('an output that was not made is named, the status is kept, and nothing is saved', async () => {
  await using rig = openRig({ 'src/a.txt': 'A' })
  const words = ['run', 'build', ...OPTIONS, '--', 'true']

  const first = await rig.taskvault(words)
  const second = await rig.taskvault(words)

  expect(first).toMatchObject({ exitCode: 0 })
  expect(first.stderr).toMatch(/warning: build: not saved: .*out\.txt/)
  expect(second.stderr).toContain('running true')
})

test('a failure is not remembered', async () => {
  await using rig = openRig({ 'src/a.txt': 'A' })
  const words = ['run', 'lint', '--input', 'src/**', '--', 'sh', '-c', 'echo run >> count; exit 3']

  const runs = [await rig.taskvault(words), await rig.taskvault(words)]

  expect(runs.map((run) => run.exitCode)).toEqual([3, 3])
  expect(rig.read('count')).toBe('run\nrun\n')
})

test('a failure is remembered where the policy says so, and forgotten when it no longer does', async () => {
  const remember = 'policies:\n  lint: { cache_failures: true }\n'
  await using rig = openRig({ 'src/a.txt': 'A', '.taskvault/config.yaml': remember })
  const words = [
    'run',
    'lint',
    '--input',
    'src/**',
    '--',
    'sh',
    '-c',
    'echo run >> count; echo bad; exit 3',
  ]

  const first = await rig.taskvault(words)
  const second = await rig.taskvault(words)
  rig.write('.taskvault/config.yaml', 'policies:\n  lint: { cache_failures: false }\n')
  const third = await rig.taskvault(words)

  expect([first, second].map((run) => [run.exitCode, run.stdout])).toEqual([
    [3, 'bad\n'],
    [3, 'bad\n'],
  ])
  expect(second.stderr).toContain('✗ lint: ')
  expect(third.stderr).toContain('the command failed before, with exit code 3')
  expect(rig.read('count')).toBe('run\nrun\n')
})

test('a branch that may only read does not write', async () => {
  await using rig = openRig({
    'src/a.txt': 'A',
    '.taskvault/config.yaml': 'branches:\n  feature/*: { write: false }\n',
  })
  const words = ['run', 'build', '--input', 'src/**', '--', 'sh', '-c', 'echo run >> count']

  const onFeature = await rig.taskvault(words, { env: { TASKVAULT_BRANCH: 'feature/x' } })
  await rig.taskvault(words, { env: { TASKVAULT_BRANCH: 'main' } })
  const reading = await rig.taskvault(words, { env: { TASKVAULT_BRANCH: 'feature/x' } })

  expect(onFeature.stderr).toContain('not saved: the policy')
  expect(reading.stderr).toContain('✓ build')
  expect(reading.stderr).toContain('on main')
  expect(rig.read('count')).toBe('run\nrun\n')
})

test.each([
  ['that is a file', (rig: Rig) => writeFileSync(rig.resolve('cache'), 'in the way')],
  [
    'whose index is garbage',
    (rig: Rig) => (
      mkdirSync(rig.resolve('cache')),
      writeFileSync(rig.resolve('cache/cache.db'), 'garbage')
    ),
  ],
])('a cache directory %s does not keep the command from running', async (_name, breakIt) => {
  await using rig = openRig({ 'src/a.txt': 'A' })
  const words = ['run', 'build', '--input', 'src/**', '--', 'sh', '-c', 'echo done; exit 4']
  const startedAt = performance.now()
  await rig.taskvault(words)
  const wholeMs = performance.now() - startedAt
  breakIt(rig)

  const brokenAt = performance.now()
  const run = await rig.taskvault(words, { env: { TASKVAULT_CACHE_DIR: rig.resolve('cache') } })
  const brokenMs = performance.now() - brokenAt

  expect(run).toMatchObject({ exitCode: 4, stdout: 'done\n' })
  expect(brokenMs - wholeMs).toBeLessThan(5000)
})

test('a tool that does not answer is a warning, and the command runs', async () => {
  await using rig = openRig({ 'src/a.txt': 'A' })

  const run = await rig.taskvault([
    'run',
    'build',
    '--input',
    'src/**',
    '--tool',
    'no-such-tool --version',
    '--',
    'echo',
    'done',
  ])

  expect(run).toMatchObject({ exitCode: 0, stdout: 'done\n' })
  expect(run.stderr).toMatch(/warning: build: .*no-such-tool --version/)
})

test('a damaged blob is a miss, and the next run saves the work again', async () => {
  await using rig = openRig({ 'src/a.txt': 'A' })
  const words = [
    'run',
    'build',
    ...OPTIONS,
    '--',
    'sh',
    '-c',
    'echo run >> count; echo made > out.txt',
  ]
  await rig.taskvault(words)
  const { stdout } = await rig.run(['sh', '-c', 'ls .taskvault/cache/blobs'])
  for (const name of stdout.trim().split('\n')) {
    chmodSync(rig.resolve(`.taskvault/cache/blobs/${name}`), 0o644)
    rig.write(`.taskvault/cache/blobs/${name}`, 'damaged')
  }

  const second = await rig.taskvault(words)
  const third = await rig.taskvault(words)

  expect(second).toMatchObject({ exitCode: 0 })
  expect(third.stderr).toContain('✓ build')
  expect(rig.read('count')).toBe('run\nrun\n')
})

async function decision(rig: Rig, words: readonly string[]): Promise<string> {
  const run = await rig.taskvault(['run', 'build', '--json', ...words])
  return (JSON.parse(run.stdout) as { decision: string }).decision
}
