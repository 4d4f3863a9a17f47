import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { createProject, runMain } from '../testing/run-main.ts'
import type { Ran, Surroundings } from '../testing/run-main.ts'

const NOON = Date.UTC(2026, 1, 2, 12)
const HOUR_MS = 3_600_000

describe('cache ls', () => {
  test('lists entries, newest first, in columns', async () => {
    const cwd = await projectWithEntries(['lint', 'unit_tests'])

    const { code, stdout } = await run(cwd, ['cache', 'ls'])

    expect(code).toBe(0)
    expect(stdout.replaceAll(/^[0-9a-f]{12}/gm, '<key>       ')).toBe(
      `KEY           TASK           SIZE  PATHS  HITS  CREATED               EXPIRES
<key>         unit_tests  4 bytes      1     0  2026-02-02 12:00:00Z  never
<key>         lint        4 bytes      1     0  2026-02-02 12:00:00Z  never
`,
    )
  })

  test('of one task, and no more than asked for', async () => {
    const cwd = await projectWithEntries(['lint', 'unit_tests', 'docs'])

    const ofTask = await run(cwd, ['cache', 'ls', '--task', 'lint', '--json'])
    const limited = await run(cwd, ['cache', 'ls', '--limit', '2'])

    expect(JSON.parse(ofTask.stdout)).toMatchObject({
      entries: [{ task: 'lint', sizeBytes: 4, hits: 0, createdAtMs: NOON, expiresAtMs: null }],
      hasMore: false,
    })
    expect(limited.stdout.trimEnd().split('\n')).toHaveLength(3)
    expect(limited.stderr).toBe('There are more entries; raise --limit (now 2).\n')
  })

  test.each([
    [
      ['cache', 'ls', '--task', 'unit_test'],
      'There is no entry of unit_test here. Did you mean unit_tests?\n',
    ],
    [
      ['cache', 'invalidate', 'unit_test'],
      'There is no entry of unit_test here. Did you mean unit_tests?\n',
    ],
    [['cache', 'ls', '--task', 'elsewhere'], ''],
    [['cache', 'invalidate', 'unit_test', '--json'], ''],
    [['cache', 'invalidate', 'lint'], ''],
  ])('%j says which task may have been meant: %j', async (argv, remark) => {
    const cwd = await projectWithEntries(['lint', 'unit_tests'])

    const { code, stderr } = await run(cwd, argv)

    expect([code, stderr]).toEqual([0, remark])
  })

  test('says when entries expire', async () => {
    const cwd = createProject({
      input: 'i',
      output: 'o',
      '.taskvault/config.yaml': 'policies: { default: { ttl_seconds: 7200 } }',
    })
    await run(cwd, ['cache', 'save', 'task', 'input', 'output'])

    const before = await run(cwd, ['cache', 'ls'], { now: () => NOON + HOUR_MS })
    const after = await run(cwd, ['cache', 'ls'], { now: () => NOON + 3 * HOUR_MS })

    expect([before.stdout, after.stdout].map((text) => text.trimEnd().split('  ').at(-1))).toEqual([
      'in 1 h 00 min',
      'expired',
    ])
  })
})

describe('cache show', () => {
  test('tells what an entry holds, from the first digits of its key', async () => {
    const cwd = await projectWithEntries(['lint'])
    const [key = ''] = await keysOf(cwd)

    const { code, stdout } = await run(cwd, ['cache', 'show', key.slice(0, 6)])

    expect(code).toBe(0)
    expect(stdout).toContain(`key        ${key}\n`)
    expect(stdout).toContain('size       4 bytes in 1 path\n')
    expect(stdout).toMatch(/^Outputs\n {2}output +file +4 bytes$/m)
    expect(stdout).toMatch(/^Inputs\n {2}content +[0-9a-f]{64}$/m)
  })

  test('as JSON, with the fingerprint', async () => {
    const cwd = await projectWithEntries(['lint'])
    const [key = ''] = await keysOf(cwd)

    const { stdout } = await run(cwd, ['cache', 'show', key, '--json'])

    expect(JSON.parse(stdout)).toMatchObject({
      task: 'lint',
      key,
      exitCode: 0,
      outputs: [{ declaredAs: '', kind: 'file', sizeBytes: 4 }],
      fingerprint: { task: 'lint', content: expect.stringMatching(/^[0-9a-f]{64}$/) },
    })
  })

  test.each([
    ['0000000', 1, 'no entry'],
    ['xyz', 64, 'is not a key'],
    ['ab', 64, 'is not a key'],
    ['', 64, 'is not a key'],
    ['%', 64, 'is not a key'],
  ])('%j is no entry', async (key, code, message) => {
    const cwd = await projectWithEntries(['lint'])

    const ran = await run(cwd, ['cache', 'show', key])

    expect([ran.code, ran.stdout]).toEqual([code, ''])
    expect(ran.stderr).toContain(message)
  })
})

describe('cache rm', () => {
  test('removes what is named, and the blobs that only it needed', async () => {
    const cwd = await projectWithEntries(['lint', 'unit_tests'])
    const [newest = '', other = ''] = await keysOf(cwd)
    const before = blobsOf(cwd).length

    const { code, stdout } = await run(cwd, ['cache', 'rm', newest])

    expect([code, stdout]).toEqual([0, `✓ Removed unit_tests (hash: ${newest.slice(0, 8)}...)\n`])
    expect(await keysOf(cwd)).toEqual([other])
    expect(blobsOf(cwd).length).toBeLessThan(before)
  })

  test('removes nothing when one of the keys is wrong', async () => {
    const cwd = await projectWithEntries(['lint', 'unit_tests'])
    const keys = await keysOf(cwd)

    const { code, stderr } = await run(cwd, ['cache', 'rm', ...keys, 'ffffffff'])

    expect(code).toBe(1)
    expect(stderr).toContain('ffffffff')
    expect(await keysOf(cwd)).toEqual(keys)
  })
})

describe('cache invalidate', () => {
  test('by task', async () => {
    const cwd = await projectWithEntries(['lint', 'unit_tests'])

    const { code, stdout } = await run(cwd, ['cache', 'invalidate', 'lint'])
    const lookup = await run(cwd, ['cache', 'get', 'lint', 'input', 'restored'])

    expect([code, stdout]).toEqual([0, '✓ Invalidated 1 entry\n'])
    expect([lookup.code, existsSync(path.join(cwd, 'restored'))]).toEqual([1, false])
  })

  test('by key', async () => {
    const cwd = await projectWithEntries(['lint', 'unit_tests'])
    const [newest = ''] = await keysOf(cwd)

    const { stdout } = await run(cwd, ['cache', 'invalidate', '--key', newest, '--json'])

    expect(JSON.parse(stdout)).toEqual({ removed: 1 })
    expect(await keysOf(cwd)).toHaveLength(1)
  })

  test('by commit: what is before it, and what is on a branch that HEAD has not', async () => {
    const cwd = createProject({ output: 'o' })
    const git = gitIn(cwd)
    git('init', '-q', '-b', 'main')
    await run(cwd, ['cache', 'save', 'no-commit', 'output', 'output'])
    await saveOnNewCommit(cwd, 'before')
    await saveOnNewCommit(cwd, 'at')
    const at = git('rev-parse', 'HEAD')
    git('checkout', '-q', '-b', 'side')
    await saveOnNewCommit(cwd, 'side')
    git('checkout', '-q', 'main')
    await saveOnNewCommit(cwd, 'after')

    const { code, stdout } = await run(cwd, ['cache', 'invalidate', '--since', at], {
      env: { PATH: process.env['PATH'] ?? '' },
    })

    expect([code, stdout]).toEqual([0, '✓ Invalidated 2 entries\n'])
    const left = JSON.parse((await run(cwd, ['cache', 'ls', '--json'])).stdout) as {
      entries: { task: string }[]
    }
    expect(left.entries.map(({ task }) => task)).toEqual(['after', 'at', 'no-commit'])
  })

  test('what no branch leads to any more', async () => {
    const cwd = createProject({ output: 'o' })
    const git = gitIn(cwd)
    git('init', '-q', '-b', 'main')
    await run(cwd, ['cache', 'save', 'no-commit', 'output', 'output'])
    await saveOnNewCommit(cwd, 'kept')
    git('checkout', '-q', '-b', 'side')
    await saveOnNewCommit(cwd, 'side')
    git('checkout', '-q', 'main')
    const env = { PATH: process.env['PATH'] ?? '' }

    const before = await run(cwd, ['cache', 'invalidate', '--unreachable'], { env })
    git('branch', '-q', '-D', 'side')
    const after = await run(cwd, ['cache', 'invalidate', '--unreachable'], { env })

    expect(before.stdout).toBe('✓ Invalidated 0 entries\n')
    expect(after.stdout).toBe('✓ Invalidated 1 entry\n')
    expect(await keysOf(cwd)).toHaveLength(2)
  })

  test.each([
    [[], 'exactly one'],
    [['lint', '--key', 'abcd'], 'exactly one'],
    [['--unreachable', '--since', 'HEAD'], 'exactly one'],
    [['--unreachable'], 'not in a git repository'],
    [['--since', 'HEAD'], 'not in a git repository'],
    [['--since', 'HEAD', '--remote'], 'does not know commits'],
    [['lint', '--remote'], 'There is no remote store'],
  ])('%j is refused', async (words, message) => {
    const cwd = await projectWithEntries(['lint'])

    const { code, stderr } = await run(cwd, ['cache', 'invalidate', ...words])

    expect(code).toBeGreaterThanOrEqual(64)
    expect(stderr).toContain(message)
    expect(await keysOf(cwd)).toHaveLength(1)
  })
})

describe('cache prune', () => {
  test('removes what has expired', async () => {
    const cwd = createProject({
      input: 'i',
      output: 'o',
      '.taskvault/config.yaml': 'policies: { brief: { ttl_seconds: 60 } }',
    })
    await run(cwd, ['cache', 'save', 'brief', 'input', 'output'])
    await run(cwd, ['cache', 'save', 'lasting', 'input', 'output'])

    const { code, stdout } = await run(cwd, ['cache', 'prune', '--json'], {
      now: () => NOON + HOUR_MS,
    })

    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ expired: 1, evicted: 0, entries: 1 })
  })

  test('brings the store under half of a limit given for this time', async () => {
    const cwd = createProject({ output: '' })
    for (let index = 0; index < 6; index += 1) {
      writeFileSync(path.join(cwd, 'output'), noise(100_000, index))
      await run(cwd, ['cache', 'save', `task-${index}`, 'output', 'output'])
    }

    const { stdout } = await run(cwd, ['cache', 'prune', '--max-size-gb', '0.0004', '--json'])

    const { evicted, storedBytes, limitBytes } = JSON.parse(stdout) as Record<string, number>
    expect(evicted).toBeGreaterThan(0)
    expect(storedBytes).toBeLessThan((limitBytes ?? 0) / 2)
  })
})

describe('audit tail', () => {
  test('prints the last lines as they stand in the log', async () => {
    const cwd = await projectWithEntries(['lint'])
    await run(cwd, ['cache', 'get', 'lint', 'input', 'restored'])
    await run(cwd, ['cache', 'get', 'other', 'input', 'restored'])

    const { code, stdout } = await run(cwd, ['audit', 'tail', '-n', '2'])

    expect(code).toBe(0)
    expect(stdout).toMatch(
      /^\[2026-02-02T12:00:00\.\d{6}Z\] HIT get task=lint hash=[0-9a-f]{8}\.\.\. .*\n\[.*\] MISS get task=other hash=/,
    )
    expect(
      readFileSync(path.join(cwd, '.taskvault', 'cache', 'audit.log'), 'utf8').endsWith(stdout),
    ).toBe(true)
  })

  test('prints no line where there is none', async () => {
    const ran = await run(createProject(), ['audit', 'tail'])

    expect(ran).toEqual({ code: 0, stdout: '', stderr: '' })
  })
})

/** A project in which each of the tasks was saved once, in this order. */
async function projectWithEntries(tasks: readonly string[]): Promise<string> {
  const cwd = createProject({ input: 'the input', output: 'done' })
  for (const task of tasks) await run(cwd, ['cache', 'save', task, 'input', 'output'])
  return cwd
}

async function run(
  cwd: string,
  argv: readonly string[],
  surroundings: Partial<Surroundings> = {},
): Promise<Ran> {
  return await runMain(argv, { cwd, now: () => NOON, ...surroundings })
}

async function keysOf(cwd: string): Promise<readonly string[]> {
  const { stdout } = await run(cwd, ['cache', 'ls', '--json'])
  return (JSON.parse(stdout) as { entries: { key: string }[] }).entries.map(({ key }) => key)
}

function blobsOf(cwd: string): readonly string[] {
  return readdirSync(path.join(cwd, '.taskvault', 'cache', 'blobs'))
}

async function saveOnNewCommit(cwd: string, task: string): Promise<void> {
  gitIn(cwd)('commit', '-q', '--allow-empty', '-m', task)
  await run(cwd, ['cache', 'save', task, 'output', 'output'])
}

function gitIn(cwd: string): (...args: readonly string[]) => string {
  const env = { PATH: process.env['PATH'], HOME: cwd, GIT_CONFIG_NOSYSTEM: '1' }
  const identity = ['-c', 'user.name=a', '-c', 'user.email=a@b.c']
  return (...args) =>
    execFileSync('git', [...identity, ...args], { cwd, env, encoding: 'utf8' }).trim()
}

/** Bytes that do not compress, different for each seed. */
function noise(sizeBytes: number, seed: number): Buffer {
  let state = seed + 1
  const next = (): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) >>> 24
  return Buffer.from(Array.from({ length: sizeBytes }, next))
}
