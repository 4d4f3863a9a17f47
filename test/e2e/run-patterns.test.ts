import { lstatSync, readFileSync, readdirSync, readlinkSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { openRig } from '../rig/rig.ts'
import type { Rig } from '../rig/rig.ts'

/* Outputs that are patterns, in a monorepo of two packages. */

const BUILD = `set -e
echo run >> ../count
for p in packages/*; do
  mkdir -p $p/dist/cache $p/dist/bin $p/dist/empty
  cat $p/src/* > $p/dist/index.js
  printf '#!/bin/sh\\n' > $p/dist/bin/run
  chmod 755 $p/dist/bin/run
  ln -sfn index.js $p/dist/link.js
  date +%N > $p/dist/cache/state
  echo '{}' > $p/tsconfig.tsbuildinfo
done
`

const FILES = {
  '.gitignore': 'dist\n*.tsbuildinfo\n',
  'build.sh': BUILD,
  'packages/a/src/a.ts': 'a\n',
  'packages/b/src/b.ts': 'b\n',
}

const OUTPUTS = ['packages/*/dist/**', 'packages/**/*.tsbuildinfo', '!packages/*/dist/cache']

test('a hit puts back to the byte what the patterns selected', async () => {
  await using rig = await openMonorepo()
  const first = await rig.taskvault(['run', 'build'])
  removeAll(rig, 'cache')
  const made = readTree(rig, 'packages')

  removeAll(rig, 'dist')
  removeAll(rig, 'tsconfig.tsbuildinfo')
  const second = await rig.taskvault(['run', 'build'])
  const third = await rig.taskvault(['run', 'build'])

  expect(first.stderr).toContain('✓ build: saved')
  expect(second.stderr).toContain('✓ build: restored')
  expect(third.stderr).toContain('already in place')
  expect(countRuns(rig)).toBe(1)
  expect(readTree(rig, 'packages')).toEqual(made)
  expect(made).toMatchObject({ 'packages/a/dist/bin/run': ['755', '#!/bin/sh\n'] })
  expect(rig.has('packages/a/dist/empty')).toBe(true)
})

test('a new package is built, and its results are part of the next hit', async () => {
  await using rig = await openMonorepo()
  await rig.taskvault(['run', 'build'])

  rig.write('packages/c/src/c.ts', 'c\n')
  const built = await rig.taskvault(['run', 'build'])
  removeAll(rig, 'dist')
  const restored = await rig.taskvault(['run', 'build'])
  const results = rig.read('packages/c/dist/index.js')
  rig.remove('packages/c/src')
  const former = await rig.taskvault(['run', 'build'])

  expect(built.stderr).toContain('added: packages/c/src/c.ts')
  expect(restored.stderr).toContain('✓ build: restored')
  expect(results).toBe('c\n')
  // What else matches is nobody’s to remove.
  expect(former.stderr).not.toContain('removed')
  expect(rig.read('packages/c/dist/index.js')).toBe('c\n')
  expect(countRuns(rig)).toBe(2)
})

test('an output that was edited by hand is put back, and what is not the task’s stays', async () => {
  await using rig = await openMonorepo()
  await rig.taskvault(['run', 'build'])
  const state = rig.read('packages/a/dist/cache/state')

  rig.write('packages/a/dist/index.js', 'edited')
  rig.write('packages/a/dist/bin/stale', 'of nobody')
  rig.write('packages/b/tsconfig.tsbuildinfo', 'edited')
  rig.write('packages/b/my.tsbuildinfo', 'of somebody')
  rig.write('packages/a/dist/stale', 'beside what is left out')
  rig.write('packages/a/dist/old/stale', 'beside what is left out')
  const { stderr } = await rig.taskvault(['run', 'build'])

  expect(stderr).toContain(
    'put back because they had been changed: packages/a/dist/index.js, packages/b/tsconfig.tsbuildinfo',
  )
  expect(stderr).toContain(
    'removed because the task had not made them: packages/a/dist/bin/stale, packages/a/dist/old, packages/a/dist/stale',
  )
  expect(rig.read('packages/a/dist/index.js')).toBe('a\n')
  expect(rig.read('packages/b/tsconfig.tsbuildinfo')).toBe('{}\n')
  expect(rig.read('packages/b/my.tsbuildinfo')).toBe('of somebody')
  expect(readdirSync(rig.resolve('packages/a/dist')).toSorted()).toEqual([
    'bin',
    'cache',
    'empty',
    'index.js',
    'link.js',
  ])
  expect(rig.read('packages/a/dist/cache/state')).toBe(state)
})

test.each([['dist/**'], ['dist/**/*'], ['dist']])('%s is the directory', async (output) => {
  await using rig = openRig({ 'src/a': 'a' })
  const words = ['run', 'build', '--input', 'src', '--output', output, '--', 'sh', '-c']
  const run = async () =>
    await rig.taskvault([...words, 'mkdir -p dist/empty; cp src/a dist; echo run >> count'])
  await run()

  rig.write('dist/stale', 'of nobody')
  rig.write('dist/a', 'edited')
  rig.remove('dist/empty')
  await run()

  expect(readdirSync(rig.resolve('dist')).toSorted()).toEqual(['a', 'empty'])
  expect(rig.read('dist/a')).toBe('a')
  expect(rig.read('count')).toBe('run\n')
})

test('a source that a pattern matches is neither kept nor written over, whether git knows it yet or not', async () => {
  await using rig = await openMonorepo({
    outputs: ['packages/*/lib', '**/*.js'],
    command:
      'mkdir -p packages/a/lib packages/b/lib; date +%N > packages/a/lib/made; date +%N > gen.js',
    files: { '.gitignore': 'packages/a/lib\ngen.js\n', 'packages/b/lib/hand.js': 'one' },
  })
  await rig.taskvault(['run', 'build'])
  const made = rig.read('packages/a/lib/made')

  rig.write('packages/b/lib/hand.js', 'two')
  rig.write('packages/b/lib/new.js', 'new')
  const second = await rig.taskvault(['run', 'build'])
  rig.write('packages/b/lib/new.js', 'newer')
  rig.write('packages/b/lib/another.js', 'another')
  const third = await rig.taskvault(['run', 'build'])
  rig.write('packages/b/lib/hand.js', 'one')
  rig.remove('packages/b/lib/new.js')
  rig.remove('packages/b/lib/another.js')
  const fourth = await rig.taskvault(['run', 'build'])

  for (const run of [second, third]) expect(run.stderr).toContain('✓ build: saved 2 files')
  expect(fourth.stderr).toContain('✓ build: restored 2 files')
  expect(rig.read('packages/a/lib/made')).toBe(made)
  expect(readTree(rig, 'packages/b/lib')).toMatchObject({
    'packages/b/lib/hand.js': ['644', 'one'],
  })
})

test('a source that no input names is not written over either', async () => {
  await using rig = await openMonorepo({
    inputs: ['packages/*/src/**'],
    outputs: ['**/*.js'],
    command: 'date +%N > gen.js',
    files: { '.gitignore': 'gen.js\n', 'scripts/tool.js': 'one' },
  })
  await rig.taskvault(['run', 'build'])

  rig.write('scripts/tool.js', 'two')
  rig.write('scripts/new.js', 'new')
  rig.write('gen.js', 'edited')
  const { stderr } = await rig.taskvault(['run', 'build'])

  expect(stderr).toContain('✓ build: restored 1 file')
  expect(rig.read('scripts/tool.js')).toBe('two')
  expect(rig.read('scripts/new.js')).toBe('new')
})

test('a result that was committed since is not written over by a hit', async () => {
  await using rig = await openMonorepo({
    inputs: ['packages/*/src/**'],
    outputs: ['packages/*/dist'],
  })
  await rig.taskvault(['run', 'build'])

  await rig.run(['git', 'add', '-f', 'packages/a/dist/index.js'])
  rig.write('packages/a/dist/index.js', 'by hand')
  const { stdout } = await rig.taskvault(['explain', 'build', '--json'])
  const restored = await rig.taskvault(['restore', 'build'])

  expect(JSON.parse(stdout)).toMatchObject({ decision: 'miss' })
  expect(restored.stderr).toContain('different outputs')
  expect(rig.read('packages/a/dist/index.js')).toBe('by hand')
})

test('a pattern that selects nothing is named, and nothing is saved', async () => {
  await using rig = await openMonorepo({ outputs: ['packages/*/out', 'packages/**/*.ts'] })

  const run = await rig.taskvault(['run', 'build'])
  rig.write('packages/a/out/x', '')
  const other = await rig.taskvault(['run', 'build'])

  expect(run.exitCode).toBe(0)
  expect(run.stderr).toContain('not saved: Output packages/*/out was not produced')
  expect(other.stderr).toContain('packages/a/src/a.ts may be a source, as git does not ignore it')
})

test('an output that git does not ignore is told at once, as it changes the inputs', async () => {
  await using rig = await openMonorepo({ files: { '.gitignore': 'dist\n' } })
  const telling =
    'packages/a/tsconfig.tsbuildinfo may be a source, as git does not ignore it. Add it to .gitignore'

  const run = await rig.taskvault(['run', 'build'])
  for (const each of ['a', 'b']) rig.remove(`packages/${each}/tsconfig.tsbuildinfo`)
  await rig.taskvault(['restore', 'build'])
  await rig.run(['sh', 'build.sh'])
  const save = await rig.taskvault(['save', 'build'])

  for (const { stderr } of [run, save]) {
    expect(stderr).toContain('not saved: inputs changed while it ran (added: packages/a/tsconfig')
    expect(stderr).toContain(telling)
  }
})

test('what an entry lacks of what the patterns match is told when it is saved', async () => {
  await using rig = await openMonorepo({
    inputs: ['packages/*/src/**'],
    files: { '.gitignore': 'dist/\n*.tsbuildinfo\nshared/\n' },
  })
  await rig.run(['sh', '-c', 'mkdir shared; ln -s ../../shared packages/a/dist'])

  const run = await rig.taskvault(['run', 'build'])
  await rig.run(['sh', '-c', 'echo dist >> .gitignore; echo more > packages/a/src/more'])
  const other = await rig.taskvault(['run', 'build'])

  expect(run.stderr).toContain('✓ build: saved')
  expect(run.stderr).toContain(
    '  left out: packages/a/dist may be a source, as git does not ignore',
  )
  expect(other.stderr).toContain('✓ build: saved')
  expect(other.stderr).not.toContain('left out')
})

test('explain tells that other outputs are declared now, and touches nothing', async () => {
  await using rig = await openMonorepo()
  await rig.taskvault(['run', 'build'])
  removeAll(rig, 'dist')

  const known = await rig.taskvault(['explain', 'build', '--json'])
  writeConfig(rig, { outputs: ['packages/*/dist/**'] })
  const other = await rig.taskvault(['explain', 'build', '--json'])

  expect(JSON.parse(known.stdout)).toMatchObject({ decision: 'hit' })
  expect(JSON.parse(other.stdout)).toMatchObject({ decision: 'miss' })
  expect(other.stdout).toContain('outputs-changed')
  expect(rig.has('packages/a/dist')).toBe(false)
})

test('the two halves of a run take patterns, and so does the command line, from where it is typed', async () => {
  await using rig = await openMonorepo()
  const words = ['build', '--output', '*/dist', '--output', '!*/dist/cache']
  const options = { directory: 'packages' }
  const restore = async () => await rig.taskvault(['restore', ...words], options)

  const miss = await restore()
  await rig.run(['sh', 'build.sh'])
  const save = await rig.taskvault(['save', 'build'], options)
  removeAll(rig, 'dist')
  const hit = await restore()

  expect([miss.exitCode, save.exitCode, hit.exitCode]).toEqual([1, 0, 0])
  expect(rig.read('packages/a/dist/index.js')).toBe('a\n')
  expect(rig.has('packages/a/dist/cache')).toBe(false)
})

test('a hook runs a task with patterns once, whatever git does not ignore of its results', async () => {
  await using rig = await openMonorepo({
    files: { '.gitignore': '*.tsbuildinfo\n' },
    outputs: ['packages/*/dist'],
    hook: 'pre-commit',
  })
  await rig.run(['git', 'add', '-A'])

  const first = await rig.taskvault(['hooks', 'run', 'pre-commit'])
  const second = await rig.taskvault(['hooks', 'run', 'pre-commit'])
  removeAll(rig, 'dist')
  const run = await rig.taskvault(['run', 'build'])

  expect(first.stderr).toContain('✓ build')
  expect(second.stderr).toContain('skipped, passed')
  expect(run.stderr).toContain('✓ build: restored')
  expect(countRuns(rig)).toBe(1)
})

test('config validate names the line of a pattern that it does not take', async () => {
  await using rig = await openMonorepo({ outputs: ['dist', '**'] })

  const { exitCode, stderr } = await rig.taskvault(['config', 'validate'])

  expect(exitCode).not.toBe(0)
  expect(stderr).toMatch(/config\.yaml:\d+:\d+: tasks\.build\.outputs: "\*\*" is not allowed/)
})

interface Monorepo {
  readonly outputs?: readonly string[]
  readonly inputs?: readonly string[]
  readonly command?: string
  readonly files?: Readonly<Record<string, string>>
  readonly hook?: string
}

async function openMonorepo(monorepo: Monorepo = {}): Promise<Rig> {
  const rig = openRig({ ...FILES, ...monorepo.files })
  writeConfig(rig, monorepo)
  await rig.run(['git', 'init', '-q', '-b', 'main'])
  await rig.run(['git', 'add', '.'])
  return rig
}

function writeConfig(
  rig: Rig,
  { outputs = OUTPUTS, inputs = [], command = 'sh build.sh', hook }: Monorepo,
): void {
  const hooks = hook === undefined ? '' : `    hooks: [${hook}]\n`
  rig.write(
    '.taskvault/config.yaml',
    `tasks:\n  build:\n    command: ${command}\n    inputs:${list(inputs)}\n    outputs:${list(outputs)}\n${hooks}`,
  )
}

function list(lines: readonly string[]): string {
  return lines.map((line) => `\n      - '${line}'`).join('')
}

/** Removes what is called so from every package and from its results. */
function removeAll(rig: Rig, name: string): void {
  for (const each of readdirSync(rig.resolve('packages'))) {
    rig.remove(`packages/${each}/${name}`)
    rig.remove(`packages/${each}/dist/${name}`)
  }
}

function countRuns(rig: Rig): number {
  return rig.read('../count').split('\n').length - 1
}

/** Mode and content of each file, and where each link leads. */
function readTree(rig: Rig, directory: string): Readonly<Record<string, readonly string[]>> {
  const entries = readdirSync(rig.resolve(directory), { recursive: true, encoding: 'utf8' })
  return Object.fromEntries(
    entries.toSorted().map((name) => {
      const file = rig.resolve(path.join(directory, name))
      const stats = lstatSync(file)
      const mode = (stats.mode & 0o777).toString(8)
      const content = stats.isSymbolicLink()
        ? readlinkSync(file)
        : stats.isFile()
          ? readFileSync(file, 'latin1')
          : ''
      return [path.join(directory, name), [mode, content]]
    }),
  )
}
