import { chmodSync, renameSync, utimesSync } from 'node:fs'
import { expect, test } from 'vitest'
import { openRig } from '../rig/rig.ts'
import type { Finished, Rig, RunOptions } from '../rig/rig.ts'

/* When `taskvault run` runs the command, when it does not, and what it says about that. */

const INPUTS = ['--input', 'src/**', '--output', 'out']

test('work that was done is not done again: outputs, log and exit status come back', async () => {
  await using rig = openCountingRig()

  const first = await build(rig)
  rig.remove('out')
  const second = await build(rig)

  expect(first).toMatchObject({ exitCode: 0, stdout: 'building\n' })
  expect(second).toMatchObject({ exitCode: 0, stdout: 'building\n' })
  expect(rig.read('out/result.txt')).toBe('A')
  expect(countRuns(rig)).toBe(1)
  expect(second.stderr).toMatch(/✓ build: restored 1 file in .+ \(passed .+\)\n$/)
})

test('outputs that are there already are not touched, and the line says so', async () => {
  await using rig = openCountingRig()

  await build(rig)
  const second = await build(rig)

  expect(second.stderr).toContain('1 file already in place')
})

test('an output that was edited by hand is put back, and named', async () => {
  await using rig = openCountingRig()

  await build(rig)
  rig.write('out/result.txt', 'edited')
  rig.write('out/extra.txt', 'new')
  const second = await build(rig)

  expect(rig.read('out/result.txt')).toBe('A')
  expect(rig.has('out/extra.txt')).toBe(false)
  expect(second.stderr).toContain('put back because they had been changed: out/result.txt\n')
  expect(second.stderr).toContain('removed because the task had not made them: out/extra.txt\n')
  expect(countRuns(rig)).toBe(1)
})

const CHANGES: readonly (readonly [
  string,
  (rig: Rig) => RunOptions & { words?: string[] },
  RegExp,
])[] = [
  ['a changed file', (rig) => (rig.write('src/a.txt', 'B'), {}), /changed: src\/a\.txt/],
  ['an added file', (rig) => (rig.write('src/new.txt', 'x'), {}), /added: src\/new\.txt/],
  ['a removed file', (rig) => (rig.remove('src/b.txt'), {}), /removed: src\/b\.txt/],
  [
    'a renamed file',
    (rig) => (renameSync(rig.resolve('src/b.txt'), rig.resolve('src/c.txt')), {}),
    /renamed: src\/b\.txt to src\/c\.txt/,
  ],
  [
    'a file made executable',
    (rig) => (chmodSync(rig.resolve('src/b.txt'), 0o755), {}),
    /now executable: src\/b\.txt/,
  ],
  ['a declared variable', () => ({ env: { MODE: 'fast' } }), /environment variable MODE/],
  [
    'a tool version',
    (rig) => (rig.write('version', '2.0.0'), {}),
    /tool version changed: tool-version/,
  ],
  ['another salt', () => ({ words: ['--salt', 'two'] }), /the salt has changed/],
]

test.each(CHANGES)('%s is a miss that names it', async (_name, change, reason) => {
  await using rig = openCountingRig()
  rig.write('version', '1.0.0')
  rig.addCommand('tool-version', 'cat version')
  const words = ['--env', 'MODE', '--tool', 'tool-version']

  await build(rig, { words })
  const { words: more = [], ...options } = change(rig)
  const second = await build(rig, { ...options, words: [...words, ...more] })

  expect(second.stderr).toMatch(reason)
  expect(countRuns(rig)).toBe(2)
})

test('another command is a miss that names it', async () => {
  await using rig = openCountingRig()

  await build(rig)
  const second = await rig.taskvault(['run', 'build', ...INPUTS, '--', './build.sh', 'twice'])

  expect(second.stderr).toContain('the command has changed')
  expect(countRuns(rig)).toBe(2)
})

test('times, undeclared variables, the locale, the umask and the place of the checkout do not matter', async () => {
  await using rig = openCountingRig()
  await using elsewhere = openCountingRig()
  const env = { TASKVAULT_CACHE_DIR: rig.resolve('.taskvault/cache') }

  await build(rig)
  utimesSync(rig.resolve('src/a.txt'), new Date(), new Date(0))
  const touched = await build(rig)
  const otherWorld = await build(rig, {
    env: { LANG: 'de_DE.UTF-8', LC_ALL: 'C', TZ: 'Asia/Tokyo', UNDECLARED: '1' },
  })
  const otherMask = await rig.run([
    'sh',
    '-c',
    'umask 077; taskvault run build --input "src/**" --output out -- ./build.sh',
  ])
  const otherPlace = await build(elsewhere, { env })

  for (const run of [touched, otherWorld, otherMask, otherPlace])
    expect(run.stderr).toContain('✓ build')
  expect([countRuns(rig), countRuns(elsewhere)]).toEqual([1, 0])
  expect(elsewhere.read('out/result.txt')).toBe('A')
})

test('the same command, as configured for the shell and as words, is the same work', async () => {
  await using rig = openCountingRig()
  rig.write(
    '.taskvault/config.yaml',
    'tasks:\n  build: { command: ./build.sh, inputs: ["src/**"], outputs: [out] }\n',
  )

  await rig.taskvault(['run', 'build'])
  const second = await rig.taskvault(['run', 'build', '--', './build.sh'])

  expect(second.stderr).toContain('✓ build')
  expect(countRuns(rig)).toBe(1)
})

test('a task without inputs depends on the whole project', async () => {
  await using rig = openCountingRig()

  await rig.taskvault(['run', 'build', '--output', 'out', '--output', 'count', '--', './build.sh'])
  const same = await rig.taskvault([
    'run',
    'build',
    '--output',
    'out',
    '--output',
    'count',
    '--',
    './build.sh',
  ])
  rig.write('anything.txt', 'x')
  const other = await rig.taskvault([
    'run',
    'build',
    '--output',
    'out',
    '--output',
    'count',
    '--',
    './build.sh',
  ])

  expect(same.stderr).toContain('✓ build')
  expect(other.stderr).toContain('added: anything.txt')
})

test('paths on the command line are relative to where it is typed, and the command runs there', async () => {
  await using rig = openRig({
    '.taskvault/config.yaml': 'log_level: info\n',
    'packages/one/src/a.txt': '1',
    'packages/two/src/a.txt': '2',
  })
  const words = [
    'run',
    'copy',
    '--input',
    'src/**',
    '--output',
    'out.txt',
    '--',
    'cp',
    'src/a.txt',
    'out.txt',
  ]

  const one = await rig.taskvault(words, { directory: 'packages/one' })
  const two = await rig.taskvault(words, { directory: 'packages/two' })
  rig.remove('packages/one/out.txt')
  const again = await rig.taskvault(words, { directory: 'packages/one' })

  expect([one.exitCode, two.exitCode]).toEqual([0, 0])
  expect(rig.read('packages/two/out.txt')).toBe('2')
  expect(rig.read('packages/one/out.txt')).toBe('1')
  expect(again.stderr).toContain('✓ copy: restored 1 file')
})

test('--explain and --json decide and do nothing', async () => {
  await using rig = openCountingRig()
  const words = ['run', 'build', ...INPUTS]

  const explained = await rig.taskvault([...words, '--explain', '--', './build.sh'])
  const asJson = await rig.taskvault([...words, '--json', '--', './build.sh'])
  expect(countRuns(rig)).toBe(0)
  await build(rig)
  rig.remove('out')
  const known = await rig.taskvault([...words, '--json', '--', './build.sh'])
  const knownText = await rig.taskvault([...words, '--explain', '--', './build.sh'])
  const stats = await rig.taskvault(['cache', 'stats', '--json'])

  expect(explained.stdout).toContain('build: miss, would run ./build.sh')
  expect(JSON.parse(asJson.stdout)).toMatchObject({
    decision: 'miss',
    task: 'build',
    reasons: [{ kind: 'first-run' }],
  })
  expect(JSON.parse(known.stdout)).toMatchObject({
    decision: 'hit',
    task: 'build',
    exitCode: 0,
    pathCount: 1,
  })
  expect(knownText.stdout).toContain('build: hit, passed')
  expect(rig.has('out')).toBe(false)
  expect(JSON.parse(stats.stdout)).toMatchObject({ hits: 0 })
})

test('--force runs whatever is known, and saves', async () => {
  await using rig = openCountingRig()

  await build(rig)
  const forced = await build(rig, { words: ['--force'] })

  expect(countRuns(rig)).toBe(2)
  expect(forced.stderr).toContain('✓ build: saved')
})

test.each(['--no-save', '--read-only'])(
  '%s uses what is known and saves nothing',
  async (option) => {
    await using rig = openCountingRig()

    await build(rig, { words: [option] })
    await build(rig, { words: [option] })
    expect(countRuns(rig)).toBe(2)
    await build(rig)
    const known = await build(rig, { words: [option] })

    expect(countRuns(rig)).toBe(3)
    expect(known.stderr).toContain('✓ build')
  },
)

test('--quiet leaves nothing on standard error but what the command prints', async () => {
  await using rig = openCountingRig()

  const first = await build(rig, { words: ['--quiet'] })
  const second = await build(rig, { words: ['--quiet'] })

  expect([first.stderr, second.stderr]).toEqual(['', ''])
})

test.each([
  [['--input', 'missing/**', '--', 'true'], 66, /missing\/\*\*/],
  [['--input', '/etc/passwd', '--', 'true'], 64, /"\/etc\/passwd": it points outside/],
  [['--input', 'src/**', '--output', '../x', '--', 'true'], 73, /\.\.\/x/],
  [['--input', 'src/**', '--output', '/etc/x', '--', 'true'], 73, /"\/etc\/x" is refused/],
  [['--input', 'src/**', '--output', '.git/hooks', '--', 'true'], 73, /\.git/],
  [['--input', 'src/**'], 64, /no command/],
  [['--input', 'src/**', '--', ''], 64, /command of task build is empty/],
  [
    ['--input', 'src/a.txt', 'src/b.txt', '--', 'true'],
    64,
    /Unexpected arguments before the command: src\/b\.txt/,
  ],
  [['--input', 'src/**', '--', 'no-such-command'], 127, /Command not found: no-such-command/],
] as const)('%j is an error before anything runs', async (words, exitCode, message) => {
  await using rig = openCountingRig()

  const run = await rig.taskvault(['run', 'build', ...words])

  expect(run.exitCode).toBe(exitCode)
  expect(run.stderr).toMatch(message)
  expect(run.stderr).toContain('hint: ')
  expect(run.stdout).toBe('')
})

function openCountingRig(): Rig {
  const rig = openRig({
    'src/a.txt': 'A',
    'src/b.txt': 'the other one',
    'build.sh':
      '#!/bin/sh\necho run >> count\nmkdir -p out\ncp src/a.txt out/result.txt\necho building\n',
  })
  chmodSync(rig.resolve('build.sh'), 0o755)
  return rig
}

function build(
  rig: Rig,
  { words = [], ...options }: RunOptions & { words?: string[] } = {},
): Promise<Finished> {
  return rig.taskvault(['run', 'build', ...INPUTS, ...words, '--', './build.sh'], options)
}

function countRuns(rig: Rig): number {
  return rig.has('count') ? rig.read('count').split('\n').length - 1 : 0
}
