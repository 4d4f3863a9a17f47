import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { describe, expect, test } from 'vitest'
import { createProject, runMain } from '../testing/run-main.ts'
import type { Ran, Surroundings } from '../testing/run-main.ts'

const OUTPUT = ['--output', 'out.txt'] as const

describe('the halves of a run', () => {
  test('are a miss that names its reason, a save, and a hit that puts the output back', async () => {
    const cwd = createProject({ 'in.txt': '1' })

    const miss = await vault(cwd, ['restore', 'unit', ...OUTPUT])
    writeFileSync(path.join(cwd, 'out.txt'), 'made')
    const saved = await vault(cwd, ['save', 'unit'])
    rmSync(path.join(cwd, 'out.txt'))
    const hit = await vault(cwd, ['restore', 'unit', ...OUTPUT])

    expect([miss.code, miss.stderr]).toEqual([
      1,
      'unit: a miss (nothing was saved for this task yet)\n',
    ])
    expect(saved.code).toBe(0)
    expect(saved.stderr).toMatch(/^✓ unit: saved 1 file, 4 bytes, after /)
    expect(hit.code).toBe(0)
    expect(hit.stderr).toMatch(/^✓ unit: restored 1 file in /)
    expect(readFileSync(path.join(cwd, 'out.txt'), 'utf8')).toBe('made')
  })

  test('name the input that has changed since the last save', async () => {
    const cwd = createProject({ 'in.txt': '1' })
    await complete(cwd)
    writeFileSync(path.join(cwd, 'in.txt'), '2')

    const miss = await vault(cwd, ['restore', 'unit', ...OUTPUT])

    expect([miss.code, miss.stderr]).toEqual([1, 'unit: a miss (changed: in.txt)\n'])
  })

  test('say once each that there can be no cache', async () => {
    const cwd = createProject({ 'in.txt': '1', '.taskvault/cache': 'a file' })

    const miss = await vault(cwd, ['restore', 'unit', ...OUTPUT])
    const saved = await vault(cwd, ['save', 'unit'])

    expect([miss.code, saved.code]).toEqual([1, 0])
    expect(miss.stderr).toMatch(/^warning: unit goes on without the cache: .*\nunit: a miss\n$/)
    expect(saved.stderr).toMatch(/^warning: unit is not saved: .*\n$/)
  })

  test('keep how long the task took, by the clock of the two commands', async () => {
    const cwd = createProject({ 'in.txt': '1' })
    let now = 1_000_000
    const clock = { now: () => now }
    await vault(cwd, ['restore', 'unit', ...OUTPUT], clock)
    writeFileSync(path.join(cwd, 'out.txt'), 'made')
    now += 62_000

    const saved = await vault(cwd, ['save', 'unit', '--json'], clock)
    const hit = await vault(cwd, ['restore', 'unit', ...OUTPUT, '--json'], clock)

    expect(json(saved)).toMatchObject({ outcome: 'saved', durationMs: 62_000 })
    expect(json(hit)).toMatchObject({ outcome: 'hit', durationMs: 62_000 })
  })

  test('print one key, the one of `run` with the same declaration', async () => {
    const cwd = createProject({ 'in.txt': '1' })
    const declaration = ['unit', '--input', 'in.txt', '--env', 'MODE', '--salt', 's', ...OUTPUT]

    const decided = await vault(cwd, ['run', ...declaration, '--json', '--', 'npm', 'test'])
    const miss = await vault(cwd, ['restore', ...declaration, '--json', '--command', 'npm test'])
    writeFileSync(path.join(cwd, 'out.txt'), 'made')
    const saved = await vault(cwd, ['save', 'unit', '--json'])

    const { key } = json(decided)
    expect(key).toMatch(/^[0-9a-f]{64}$/)
    expect([json(miss)['key'], json(saved)['key']]).toEqual([key, key])
    const again = await vault(cwd, ['run', ...declaration, '--json', '--command', 'npm test'])
    expect(json(again)).toMatchObject({ decision: 'hit', key })
  })

  test('take the command of a declared task from the configuration', async () => {
    const cwd = createProject({
      'in.txt': '1',
      '.taskvault/config.yaml': 'tasks:\n  unit:\n    command: npm test\n    inputs: [in.txt]\n',
    })

    const decided = await vault(cwd, ['run', 'unit', '--json'])
    const miss = await vault(cwd, ['restore', 'unit', '--json'])

    expect(json(miss)['key']).toBe(json(decided)['key'])
  })

  test('need no command: what the caller runs does not count then', async () => {
    const cwd = createProject({ 'in.txt': '1' })

    const without = await vault(cwd, ['restore', 'unit', '--json'])
    const withCommand = await vault(cwd, ['restore', 'unit', '--json', '--command', 'make'])

    expect(without.code).toBe(1)
    expect(json(without)['key']).not.toBe(json(withCommand)['key'])
  })

  test('put back what `run` recorded, log and all', async () => {
    const cwd = createProject({ 'in.txt': '1' })
    const line = 'echo said; echo warned >&2; echo made > out.txt'
    await vault(cwd, ['run', 'unit', ...OUTPUT, '--command', line])
    rmSync(path.join(cwd, 'out.txt'))

    const hit = await vault(cwd, ['restore', 'unit', ...OUTPUT, '--command', line])

    expect([hit.code, hit.stdout]).toEqual([0, 'said\n'])
    expect(hit.stderr).toContain('warned\n')
    expect(readFileSync(path.join(cwd, 'out.txt'), 'utf8')).toBe('made\n')
  })

  test('keep the log away from the one document of --json', async () => {
    const cwd = createProject({ 'in.txt': '1' })
    await vault(cwd, ['run', 'unit', '--command', 'echo said'])

    const hit = await vault(cwd, ['restore', 'unit', '--command', 'echo said', '--json'])

    expect(json(hit)).toMatchObject({ outcome: 'hit', task: 'unit' })
    expect(hit.stderr).toBe('said\n')
  })
})

test('--show-key prints the same key for a decision, a restore, a run and a hit', async () => {
  const cwd = createProject({ 'in.txt': '1' })
  const words = ['unit', '--input', 'in.txt', '--command', 'true', '--show-key']

  const decided = await vault(cwd, ['run', ...words, '--explain'])
  const restored = await vault(cwd, ['restore', ...words])
  const ran = await vault(cwd, ['run', ...words])
  const hit = await vault(cwd, ['run', ...words])

  const keys = [decided.stdout, restored.stderr, ran.stderr, hit.stderr].map(
    (text) => /^unit: key ([0-9a-f]{64})$/m.exec(text)?.[1],
  )
  expect(keys[0]).toBeDefined()
  expect(new Set(keys).size).toBe(1)
})

describe('run --result', () => {
  test('leaves the outcome and the key of a miss, a hit and a failure', async () => {
    const cwd = createProject({ 'in.txt': '1' })
    const run = async (line: string): Promise<Record<string, unknown>> => {
      await vault(cwd, ['run', 'unit', '--result', 'r', '--command', line])
      return JSON.parse(readFileSync(path.join(cwd, 'r'), 'utf8')) as Record<string, unknown>
    }

    const [miss, hit, failure] = [await run('true'), await run('true'), await run('exit 3')]

    expect(miss).toMatchObject({ outcome: 'ran', exitCode: 0, saved: true })
    expect(hit).toMatchObject({ outcome: 'hit', exitCode: 0, key: miss['key'] })
    expect(failure).toMatchObject({ outcome: 'ran', exitCode: 3, saved: false })
    expect(miss['key']).toMatch(/^[0-9a-f]{64}$/)
    expect([miss, hit, failure].map((one) => Number.isInteger(one['durationMs']))).toEqual([
      true,
      true,
      true,
    ])
  })

  test('is no input, wherever it lies in the project', async () => {
    const cwd = createProject({ 'a/in.txt': '1' })
    const words = ['-C', path.join(cwd, 'a'), 'run', 'unit', '--result', '[r]*', '--json']

    const { key } = json(await vault(cwd, [...words, '--command', 'true']))
    writeFileSync(path.join(cwd, 'a', '[r]*'), 'of an earlier run')
    const again = json(await vault(cwd, [...words, '--command', 'true']))

    expect(again['key']).toBe(key)
  })

  test('that cannot be left is a warning, and the status is the command’s', async () => {
    const cwd = createProject({ 'in.txt': '1' })

    const ran = await vault(cwd, ['run', 'unit', '--result', 'no/r', '--command', 'exit 3'])

    expect([ran.code, ran.stderr]).toEqual([3, expect.stringContaining('warning: unit: Could not')])
  })
})

test.each([
  ['run', 'unit', '--command', 'true', '--result', '-'],
  ['restore', 'unit', '--state', '-'],
  ['save', 'unit', '--state', '-'],
])('a stream is no file: %j', async (...words) => {
  const cwd = createProject({ 'in.txt': '1' })

  const { code, stderr } = await vault(cwd, words)

  expect([code, stderr]).toEqual([64, expect.stringContaining('"-" is not a file')])
})

test('word for the save is no input, where it lies in the project', async () => {
  const cwd = createProject({ 'in.txt': '1' })
  const state = ['--state', 'word.json']

  const miss = await vault(cwd, ['restore', 'unit', ...state])
  const saved = await vault(cwd, ['save', 'unit', ...state])
  writeFileSync(path.join(cwd, 'word.json'), 'of somebody else')
  const hit = await vault(cwd, ['restore', 'unit', ...state])

  expect([miss.code, saved.code, hit.code]).toEqual([1, 0, 0])
  expect(saved.stderr).toMatch(/^✓ unit: saved the result/)
})

describe('what is not saved', () => {
  test('work whose inputs changed since the restore', async () => {
    const cwd = createProject({ 'in.txt': '1' })
    await vault(cwd, ['restore', 'unit', ...OUTPUT])
    writeFileSync(path.join(cwd, 'out.txt'), 'made')
    writeFileSync(path.join(cwd, 'in.txt'), '2')

    const saved = await vault(cwd, ['save', 'unit'])

    expect([saved.code, saved.stderr]).toEqual([
      0,
      'warning: unit: not saved: inputs changed while it ran (changed: in.txt)\n',
    ])
    writeFileSync(path.join(cwd, 'in.txt'), '1')
    expect((await vault(cwd, ['restore', 'unit', ...OUTPUT])).code).toBe(1)
  })

  test.each([
    ['a failure', ['--exit-code', '3'], '', 'failed'],
    [
      'a failure, by a policy for others',
      ['--exit-code', '3'],
      policy('other: {cache_failures: true}'),
      'failed',
    ],
    [
      'work that a signal ended',
      ['--exit-code', '130'],
      policy('unit: {cache_failures: true}'),
      'interrupted',
    ],
    ['what the policy lets read only', [], policy('unit: {write: false}'), 'policy'],
  ])('%s', async (_, words, config, because) => {
    const cwd = createProject({ 'in.txt': '1', '.taskvault/config.yaml': config })
    await vault(cwd, ['restore', 'unit', ...OUTPUT])
    writeFileSync(path.join(cwd, 'out.txt'), 'made')

    const saved = await vault(cwd, ['save', 'unit', '--json', ...words])

    expect([saved.code, json(saved)]).toMatchObject([0, { outcome: 'not-saved', because }])
    expect((await vault(cwd, ['restore', 'unit', ...OUTPUT])).code).toBe(1)
  })

  test.each([
    ['a merge request from a fork', '99', { because: 'policy' }],
    ['but the same merge request of the project itself', '10', { outcome: 'saved' }],
  ])('%s', async (_, sourceProject, expected) => {
    const env = {
      GITLAB_CI: 'true',
      CI_PROJECT_ID: '10',
      CI_MERGE_REQUEST_IID: '7',
      CI_MERGE_REQUEST_SOURCE_PROJECT_ID: sourceProject,
    }
    const cwd = createProject({ 'in.txt': '1' })
    await vault(cwd, ['restore', 'unit'], { env })

    const saved = await vault(cwd, ['save', 'unit', '--json'], { env })

    expect(json(saved)).toMatchObject(expected)
  })

  test('but a failure that the policy remembers is: `run` replays it, and a restore is a miss', async () => {
    const config = policy('unit: {cache_failures: true}')
    const cwd = createProject({ 'in.txt': '1', '.taskvault/config.yaml': config })
    await vault(cwd, ['restore', 'unit', '--command', 'exit 3'])

    const saved = await vault(cwd, ['save', 'unit', '--exit-code', '3', '--json'])
    const restored = await vault(cwd, ['restore', 'unit', '--command', 'exit 3'])
    const run = await vault(cwd, ['run', 'unit', '--command', 'exit 3', '--json'])

    expect(json(saved)).toMatchObject({ outcome: 'saved' })
    expect([restored.code, restored.stderr]).toEqual([
      1,
      'unit: a miss (the command failed before, with exit code 3)\n',
    ])
    expect(json(run)).toMatchObject({ decision: 'hit', exitCode: 3 })
  })

  test('what was restored, and work that was begun with --read-only', async () => {
    const cwd = createProject({ 'in.txt': '1' })
    await vault(cwd, ['restore', 'unit', '--read-only'])
    const readOnly = await vault(cwd, ['save', 'unit', '--json'])
    await complete(cwd)
    await vault(cwd, ['restore', 'unit', ...OUTPUT])
    const restored = await vault(cwd, ['save', 'unit', '--json'])

    expect(json(restored)['key']).toMatch(/^[0-9a-f]{64}$/)
    expect(json(readOnly)).toMatchObject({ outcome: 'not-saved', because: 'read-only' })
    expect(json(restored)).toMatchObject({ outcome: 'not-saved', because: 'restored' })
  })

  test('but what --force asks to be made again is', async () => {
    const cwd = createProject({ 'in.txt': '1' })
    await complete(cwd)

    const forced = await vault(cwd, ['restore', 'unit', ...OUTPUT, '--force'])
    writeFileSync(path.join(cwd, 'out.txt'), 'made anew')
    const saved = await vault(cwd, ['save', 'unit', '--json'])

    expect([forced.code, forced.stderr]).toEqual([1, 'unit: a miss\n'])
    expect(json(saved)).toMatchObject({ outcome: 'saved' })
  })

  test('anything twice', async () => {
    const cwd = createProject({ 'in.txt': '1' })
    await complete(cwd)

    const again = await vault(cwd, ['save', 'unit', '--json'])

    expect([again.code, json(again)]).toMatchObject([
      0,
      { outcome: 'not-saved', because: 'not-begun' },
    ])
  })

  test('an output that is not there', async () => {
    const cwd = createProject({ 'in.txt': '1' })
    await vault(cwd, ['restore', 'unit', ...OUTPUT])

    const saved = await vault(cwd, ['save', 'unit'])

    expect(saved.code).toBe(0)
    expect(saved.stderr).toMatch(/^warning: unit: not saved: .*out\.txt/)
  })
})

describe('the state between the halves', () => {
  test('lies where it is told, so that two of one task can run side by side', async () => {
    const cwd = createProject({ 'a.txt': '1', 'b.txt': '1' })
    for (const name of ['a', 'b']) {
      await vault(cwd, [
        'restore',
        'unit',
        '--input',
        `${name}.txt`,
        '--state',
        `.taskvault/${name}`,
      ])
    }

    const saves = [
      await vault(cwd, ['save', 'unit', '--state', '.taskvault/b', '--json']),
      await vault(cwd, ['save', 'unit', '--state', '.taskvault/a', '--json']),
    ]

    expect(saves.map((save) => json(save)['outcome'])).toEqual(['saved', 'saved'])
    expect(new Set(saves.map((save) => json(save)['key'])).size).toBe(2)
    expect(existsSync(path.join(cwd, '.taskvault/a'))).toBe(false)
  })

  test('of projects that share a cache are kept apart', async () => {
    const cache = createProject()
    const surroundings = { env: { TASKVAULT_CACHE_DIR: cache } }
    const [one, two] = [createProject({ 'in.txt': '1' }), createProject({ 'in.txt': '2' })]
    await vault(one, ['restore', 'unit'], surroundings)
    await vault(two, ['restore', 'unit'], surroundings)

    const saved = await vault(one, ['save', 'unit', '--json'], surroundings)

    expect(json(saved)).toMatchObject({ outcome: 'saved' })
  })

  test('holds no value of a variable', async () => {
    const cwd = createProject({ 'in.txt': '1' })
    const env = { TOKEN: 'hush-hush', MODE: 'very-odd-mode' }

    await vault(cwd, ['restore', 'unit', '--env', 'TOKEN', '--env', 'MODE', '--state', 's'], {
      env,
    })

    expect(readFileSync(path.join(cwd, 's'), 'utf8')).not.toMatch(/hush-hush|very-odd-mode/)
  })

  test.each([
    ['cut off', (text: string) => text.slice(0, 40)],
    ['of a later version', (text: string) => text.replace('"format":1', '"format":2')],
    ['without a fingerprint', (text: string) => text.replace('"fingerprint":', '"other":')],
    [
      'with a fingerprint of another task',
      (text: string) => text.replace(String.raw`task\tunit`, String.raw`task\tx`),
    ],
    ['empty', () => ''],
  ])('that is %s is a warning, and nothing is saved', async (_, damage) => {
    const cwd = createProject({ 'in.txt': '1' })
    const state = path.join(cwd, '.taskvault', 'state')
    await vault(cwd, ['restore', 'unit', '--state', state])
    writeFileSync(state, damage(readFileSync(state, 'utf8')))

    const saved = await vault(cwd, ['save', 'unit', '--state', state])

    expect([saved.code, saved.stderr]).toEqual([
      0,
      expect.stringMatching(
        /^warning: unit: not saved: .*state cannot be used: It (?:is not what `taskvault restore` leaves|was written by another version)/,
      ),
    ])
  })

  test('of another task is a mistake in the call, and is told as one', async () => {
    const cwd = createProject({ 'in.txt': '1' })
    await vault(cwd, ['restore', 'unit', '--state', 'state'])

    const saved = await vault(cwd, ['save', 'lint', '--state', 'state'])

    expect([saved.code, saved.stderr]).toEqual([
      64,
      expect.stringMatching(/was left by a restore of unit, not of lint/),
    ])
  })
})

describe('trouble with the cache', () => {
  test.each([
    ['that may not be written', 'closed', process.getuid?.() === 0],
    ['that cannot even be a directory', 'file/cache', false],
  ])('%s is one warning and a miss, and no save', async (_, cache, isAllowed) => {
    const cwd = createProject({ 'in.txt': '1', 'closed/x': '', file: '' })
    chmodSync(path.join(cwd, 'closed'), 0o500)
    const surroundings = { env: { TASKVAULT_CACHE_DIR: cache } }

    const miss = await vault(cwd, ['restore', 'unit'], surroundings)
    const saved = await vault(cwd, ['save', 'unit'], surroundings)

    // Nothing is closed to root.
    expect(miss.stderr.match(/^warning: /gm) ?? []).toHaveLength(isAllowed ? 0 : 1)
    expect([miss.code, saved.code]).toEqual([1, 0])
  })
})

describe('wrong usage is told before anything else', () => {
  test.each([
    [
      'a command of nothing',
      ['restore', 'unit', '--command', ' '],
      64,
      /command of task unit is empty/,
    ],
    ['a bad name', ['restore', 'two words'], 64, /two words/],
    ['a pattern that matches nothing', ['restore', 'unit', '--input', 'nope/**'], 66, /nope/],
    ['an output outside of the project', ['restore', 'unit', '--output', '../x'], 73, /\.\.\/x/],
    ['a command given twice', ['run', 'unit', '--command', 'a', '--', 'b'], 64, /twice/],
    ['no number', ['save', 'unit', '--exit-code', 'two'], 64, /two/],
    ['a status that there is not', ['save', 'unit', '--exit-code', '256'], 64, /256/],
    ['words for a restore', ['restore', 'unit', '--', 'npm', 'test'], 64, /too many arguments/],
  ])('%s', async (_, words, code, message) => {
    const cwd = createProject({ 'in.txt': '1' })

    const ran = await vault(cwd, words)

    expect([ran.code, ran.stderr]).toEqual([code, expect.stringMatching(message)])
    expect(ran.stdout).toBe('')
  })
})

function policy(block: string): string {
  return `policies:\n  ${block}\n`
}

async function complete(cwd: string): Promise<void> {
  await vault(cwd, ['restore', 'unit', ...OUTPUT])
  writeFileSync(path.join(cwd, 'out.txt'), 'made')
  await vault(cwd, ['save', 'unit'])
}

async function vault(
  cwd: string,
  words: readonly string[],
  surroundings: Omit<Surroundings, 'cwd'> = {},
): Promise<Ran> {
  const env = { PATH: process.env['PATH'] ?? '', ...surroundings.env }
  return await runMain(words, { cwd, ...surroundings, env })
}

function json(ran: Ran): Record<string, unknown> {
  return JSON.parse(ran.stdout) as Record<string, unknown>
}
