import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { createProject, runMain } from '../testing/run-main.ts'
import type { Ran, Surroundings } from '../testing/run-main.ts'

const MODEL_BYTES = 5_242_880

describe('what the documentation shows', () => {
  test('a save, a hit and a miss, to the letter', async () => {
    const cwd = createProject({
      'data.csv': 'a,b\n1,2\n',
      'model.pkl': Buffer.alloc(MODEL_BYTES, 7),
    })

    const saved = await cache(cwd, 'save', 'train_model', 'data.csv', 'model.pkl')
    const hit = await cache(cwd, 'get', 'train_model', 'data.csv', 'model_restored.pkl')
    writeFileSync(path.join(cwd, 'data.csv'), 'a,b\n1,3\n')
    const miss = await cache(cwd, 'get', 'train_model', 'data.csv', 'other.pkl')

    expect(saved.stdout).toMatch(
      /^✓ Cached train_model \(hash: [0-9a-f]{8}\.\.\., size: 5242880 bytes\)\n$/,
    )
    expect(hit).toEqual({
      code: 0,
      stdout: '✓ Cache hit for train_model (size: 5242880 bytes)\n',
      stderr: '',
    })
    expect(readFileSync(path.join(cwd, 'model_restored.pkl'))).toEqual(Buffer.alloc(MODEL_BYTES, 7))
    expect([miss.code, miss.stdout]).toEqual([1, ''])
    expect(miss.stderr).toBe('✗ Cache miss for train_model: the content of the input has changed\n')
    expect(existsSync(path.join(cwd, 'other.pkl'))).toBe(false)
  })

  test('the statistics block', async () => {
    const cwd = createProject({ input: 'i', output: 'o' })
    await cache(cwd, 'save', 'task', 'input', 'output')

    const { code, stdout } = await cache(cwd, 'stats')

    expect(code).toBe(0)
    expect(stdout).toBe(`TaskVault Cache Statistics
==========================
Entries:        1
Total Size:     0.00 GB
Cache Limit:    10.00 GB
Usage:          0.0%
`)
  })
})

describe('the input counts by its content alone', () => {
  test.each([
    ['another name', 'copy', ''],
    ['standard input', '-', 'content'],
    ['the device of standard input', '/dev/stdin', 'content'],
  ])('%s is a hit', async (_, input, stdin) => {
    const cwd = createProject({ input: 'content', copy: 'content', output: 'o' })
    await cache(cwd, 'save', 'task', 'input', 'output')

    const { code } = await runMain(['cache', 'get', 'task', input, 'restored'], { cwd, stdin })

    expect(code).toBe(0)
    expect(readFileSync(path.join(cwd, 'restored'), 'utf8')).toBe('o')
  })

  test('another task is a miss', async () => {
    const cwd = createProject({ input: 'content', output: 'o' })
    await cache(cwd, 'save', 'task', 'input', 'output')

    const { code, stderr } = await cache(cwd, 'get', 'other', 'input', 'restored')

    expect([code, stderr]).toEqual([
      1,
      '✗ Cache miss for other: nothing was saved for this task yet\n',
    ])
  })

  test('a directory is an input, and a change below it a miss', async () => {
    const cwd = createProject({ 'src/a/b': '1', output: 'o' })
    await cache(cwd, 'save', 'task', 'src', 'output')
    const before = await cache(cwd, 'get', 'task', 'src', 'restored')
    writeFileSync(path.join(cwd, 'src', 'a', 'b'), '2')

    const after = await cache(cwd, 'get', 'task', 'src', 'restored')

    expect([before.code, after.code]).toEqual([0, 1])
    expect(after.stderr).toContain('changed: a/b')
  })
})

describe('the output', () => {
  test('is restored by all who restore it into one directory at the same time', async () => {
    const cwd = createProject({ input: 'i', 'out/a.txt': 'a', 'out/sub/b.txt': 'b' })
    await cache(cwd, 'save', 'task', 'input', 'out')

    const gets = Array.from({ length: 5 }, () => cache(cwd, 'get', 'task', 'input', 'restored'))
    const all = await Promise.all(gets)

    expect(all.map(({ code, stderr }) => [code, stderr])).toEqual(gets.map(() => [0, '']))
    expect(readFileSync(path.join(cwd, 'restored/sub/b.txt'), 'utf8')).toBe('b')
    expect(readdirSync(cwd).toSorted()).toEqual(['.taskvault', 'input', 'out', 'restored'])
  })

  test('may be a directory with links and modes, which comes back as it was', async () => {
    const cwd = createProject({ input: 'i', 'out/a.txt': 'a', 'out/sub/b.sh': 'b' })
    chmodSync(path.join(cwd, 'out', 'sub', 'b.sh'), 0o755)
    symlinkSync('sub/b.sh', path.join(cwd, 'out', 'link'))
    mkdirSync(path.join(cwd, 'out', 'empty'))
    await cache(cwd, 'save', 'task', 'input', 'out')
    rmSync(path.join(cwd, 'out'), { recursive: true })

    const { code } = await cache(cwd, 'get', 'task', 'input', 'out')

    expect(code).toBe(0)
    expect(readdirSync(path.join(cwd, 'out')).toSorted()).toEqual(['a.txt', 'empty', 'link', 'sub'])
    expect(readFileSync(path.join(cwd, 'out', 'link'), 'utf8')).toBe('b')
    expect(statSync(path.join(cwd, 'out', 'sub', 'b.sh')).mode & 0o777).toBe(0o755)
  })

  test('as a hyphen is standard output when getting: the bytes there, the words on stderr', async () => {
    const cwd = createProject({ input: 'i', output: 'the result' })
    await cache(cwd, 'save', 'task', 'input', 'output')

    const ran = await cache(cwd, 'get', 'task', 'input', '-')

    expect(ran).toEqual({
      code: 0,
      stdout: 'the result',
      stderr: '✓ Cache hit for task (size: 10 bytes)\n',
    })
  })

  test('as a hyphen is standard input when saving', async () => {
    const cwd = createProject({ input: 'i' })

    const saved = await runMain(['cache', 'save', 'task', 'input', '-'], {
      cwd,
      stdin: 'made elsewhere',
    })
    await cache(cwd, 'get', 'task', 'input', 'restored')

    expect(saved.stdout).toContain('size: 14 bytes')
    expect(readFileSync(path.join(cwd, 'restored'), 'utf8')).toBe('made elsewhere')
  })
})

describe('--quiet and --json', () => {
  test('--quiet says nothing where all is well, and exits the same', async () => {
    const cwd = createProject({ input: 'i', output: 'o' })

    const saved = await cache(cwd, 'save', 'task', 'input', 'output', '--quiet')
    const hit = await cache(cwd, 'get', 'task', 'input', 'restored', '-q')
    const miss = await cache(cwd, 'get', 'other', 'input', 'restored', '-q')

    expect([saved, hit, miss]).toEqual([
      { code: 0, stdout: '', stderr: '' },
      { code: 0, stdout: '', stderr: '' },
      { code: 1, stdout: '', stderr: '' },
    ])
  })

  test('--json prints one object for each outcome', async () => {
    const cwd = createProject({ input: 'i', output: 'o' })

    const miss = await cache(cwd, 'get', 'task', 'input', 'restored', '--json')
    const saved = await cache(cwd, 'save', 'task', 'input', 'output', '--json')
    const hit = await cache(cwd, 'get', 'task', 'input', 'restored', '--json')

    expect(JSON.parse(miss.stdout)).toEqual({
      outcome: 'miss',
      task: 'task',
      reasons: [{ kind: 'first-run', text: 'nothing was saved for this task yet' }],
    })
    expect(JSON.parse(saved.stdout)).toMatchObject({
      outcome: 'saved',
      task: 'task',
      sizeBytes: 1,
      wasKnown: false,
    })
    expect(JSON.parse(hit.stdout)).toMatchObject({
      outcome: 'hit',
      sizeBytes: 1,
      written: 1,
      removed: 0,
    })
  })
})

describe('a result that the policy keeps out', () => {
  test('too large: said on stderr, and no failure', async () => {
    const yaml = 'policies: { task: { max_size_bytes: 3 } }'
    const cwd = createProject({
      '.taskvault/config.yaml': yaml,
      input: 'i',
      small: 'abc',
      large: 'abcd',
    })

    const small = await cache(cwd, 'save', 'task', 'input', 'small')
    const large = await cache(cwd, 'save', 'task', 'input', 'large')

    expect(small.stdout).toContain('✓ Cached task')
    expect([large.code, large.stdout]).toEqual([0, '- Skipped task (size: 4 bytes)\n'])
    expect(large.stderr).toContain("more than the policy's max_size_bytes allows")
  })

  test('read only on this branch', async () => {
    const yaml = 'policies: { "feature/*": { write: false } }'
    const cwd = createProject({
      '.taskvault/config.yaml': yaml,
      '.git/HEAD': 'ref: refs/heads/feature/a\n',
      input: 'i',
      output: 'o',
    })

    const { code, stderr } = await cache(cwd, 'save', 'task', 'input', 'output')
    const lookup = await cache(cwd, 'get', 'task', 'input', 'restored')

    expect([code, lookup.code]).toEqual([0, 1])
    expect(stderr).toContain('only read')
  })
})

describe('bad input: one message that names the thing, a hint, an exit code, and nothing written', () => {
  const files = { input: 'i', output: 'o', 'directory/file': 'x' }

  test.each<[string, readonly string[], number, string, Partial<Surroundings>?]>([
    ['a missing input', ['save', 'task', 'nowhere', 'output'], 66, 'nowhere'],
    ['a missing output', ['save', 'task', 'input', 'nowhere'], 73, 'nowhere'],
    ['an output that the cache lies in', ['save', 'task', 'input', '.'], 73, 'cache is inside it'],
    [
      'an output in the cache',
      ['save', 'task', 'input', '.taskvault/cache/blobs'],
      73,
      'is inside',
    ],
    ['a missing input when getting', ['get', 'task', 'nowhere', 'restored'], 66, 'nowhere'],
    ['a task name with a space', ['save', 'a b', 'input', 'output'], 64, '"a b"'],
    ['a task name with a line feed', ['get', 'a\nb', 'input', 'restored'], 64, '"a\\nb"'],
    ['an empty task name', ['get', '', 'input', 'restored'], 64, '""'],
    ['an input that no variable named', ['save', 'task', '', 'output'], 64, '""'],
    ['an output that no variable named', ['save', 'task', 'input', ''], 64, '""'],
    ['a hyphen for both', ['save', 'task', '-', '-'], 64, 'both'],
    [
      'a configuration with a mistake',
      ['stats', '--config', 'bad.yaml'],
      78,
      'bad.yaml:1:14: max_size_gb',
    ],
    ['a configuration that is missing', ['stats', '--config', 'none.yaml'], 78, 'none.yaml'],
    [
      'a variable with a mistake',
      ['stats'],
      78,
      'TASKVAULT_MAX_SIZE_GB',
      { env: { TASKVAULT_MAX_SIZE_GB: '-1' } },
    ],
    ['a directory to start in that is missing', ['stats', '--cwd', 'nowhere'], 64, 'nowhere'],
    ['an option without its value', ['ls', '--limit', '0'], 64, '--limit'],
  ])('%s', async (_, words, code, named, surroundings = {}) => {
    const cwd = createProject({ ...files, 'bad.yaml': 'max_size_gb: 0' })
    const before = readdirSync(cwd).toSorted()

    const ran = await runMain(['cache', ...words], { cwd, ...surroundings })

    expect(ran.stderr).toContain(named)
    expect(ran.stderr).toMatch(/^hint: .+$/m)
    expect([ran.code, ran.stdout]).toEqual([code, ''])
    expect(
      readdirSync(cwd)
        .filter((name) => name !== '.taskvault')
        .toSorted(),
    ).toEqual(before)
  })

  test('a target in a place that cannot be: the former file stays', async () => {
    const cwd = createProject(files)
    await cache(cwd, 'save', 'task', 'input', 'directory')

    const { code, stderr } = await cache(cwd, 'get', 'task', 'input', 'output/below/a/file')

    expect(code).not.toBe(0)
    expect(stderr).toContain('output')
    expect(readFileSync(path.join(cwd, 'output'), 'utf8')).toBe('o')
  })
})

async function cache(cwd: string, ...words: readonly string[]): Promise<Ran> {
  return await runMain(['cache', ...words], { cwd })
}

describe('a cache that cannot be used', () => {
  /** A file where the directory would be: refused to every user. */
  const env = { TASKVAULT_CACHE_DIR: 'in.txt/cache' }

  test('is a miss for who looks', async () => {
    const cwd = createProject({ 'in.txt': 'content' })

    const got = await runMain(['cache', 'get', 'train', 'in.txt', 'out.txt'], { cwd, env })

    expect([got.code, got.stdout]).toEqual([1, ''])
    expect(got.stderr).toMatch(
      /^✗ Cache miss for train: the cache could not be used: .*ENOTDIR.*\n$/,
    )
  })

  test('fails nobody who saves: the work is done', async () => {
    const cwd = createProject({ 'in.txt': 'content', 'out.txt': 'result' })

    const saved = await runMain(['--json', 'cache', 'save', 'train', 'in.txt', 'out.txt'], {
      cwd,
      env,
    })

    expect(saved.code).toBe(0)
    expect(JSON.parse(saved.stdout)).toMatchObject({ outcome: 'skipped', because: 'trouble' })
  })

  test('hides no mistake of the caller', async () => {
    const cwd = createProject({ 'in.txt': 'content' })

    const saved = await runMain(['cache', 'save', 'train', 'in.txt', 'missing.txt'], { cwd })

    expect(saved.code).toBe(73)
  })
})
