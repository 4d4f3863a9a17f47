import { chmodSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { chanceName } from '@taskvault/core'
import { describe, expect, test } from 'vitest'
import { createProject, runMain } from '../testing/run-main.ts'
import type { Ran } from '../testing/run-main.ts'

describe('cache verify', () => {
  test('says that all is well', async () => {
    const cwd = await projectWithEntry()

    const { code, stdout } = await run(cwd, 'cache', 'verify')

    expect(code).toBe(0)
    expect(stdout).toMatch(/^✓ Verified 1 blob, .*: no problems found\n$/)
  })

  test('names a damaged blob, exits 65, and repairs nothing', async () => {
    const cwd = await projectWithEntry()
    flipByte(onlyBlob(cwd))

    const first = await run(cwd, 'cache', 'verify')
    const second = await run(cwd, 'cache', 'verify', '--json')

    expect(first.code).toBe(65)
    expect(first.stdout).toMatch(/^✗ blob [0-9a-f]{8}\.\.\. is damaged \(.+\); 1 entry needs it\n/)
    expect(first.stderr).toContain('hint: Run `taskvault doctor --repair`')
    expect(JSON.parse(second.stdout)).toMatchObject({
      findings: [{ kind: 'blob-corrupt', entries: 1 }],
    })
  })

  test('all parts together are everything', async () => {
    const cwd = await projectWithEntry()
    flipByte(onlyBlob(cwd))

    const parts = await Promise.all(
      ['1/3', '2/3', '3/3'].map((part) => run(cwd, 'cache', 'verify', '--subset', part)),
    )

    expect(parts.map(({ code }) => code).toSorted((left, right) => left - right)).toEqual([
      0, 0, 65,
    ])
  })

  test.each(['0/3', '4/3', 'half', '1/'])('--subset %s is refused', async (subset) => {
    const { code } = await run(createProject(), 'cache', 'verify', '--subset', subset)

    expect(code).toBe(64)
  })
})

describe('doctor', () => {
  test('lists what it looked at', async () => {
    const cwd = await projectWithEntry()

    const { code, stdout } = await run(cwd, 'doctor')

    expect(code).toBe(0)
    expect(stdout.split('\n').map((line) => line.split(':', 1)[0])).toEqual([
      '✓ configuration',
      '✓ cache directory',
      '✓ hash algorithm',
      '✓ SQLite',
      '✓ store',
      '✓ audit log',
      '',
    ])
  })

  test('finds damage; --repair drops it, and the next save stores it again', async () => {
    const cwd = await projectWithEntry()
    flipByte(onlyBlob(cwd))

    const found = await run(cwd, 'doctor')
    const repaired = await run(cwd, 'doctor', '--repair')
    const verified = await run(cwd, 'cache', 'verify')
    const lookup = await run(cwd, 'cache', 'get', 'task', 'input', 'restored')
    await run(cwd, 'cache', 'save', 'task', 'input', 'output')
    const afterwards = await run(cwd, 'cache', 'get', 'task', 'input', 'restored')

    expect([found.code, repaired.code, verified.code, lookup.code, afterwards.code]).toEqual([
      65, 0, 0, 1, 0,
    ])
    expect(found.stdout).toMatch(/^✗ store: blob .* is damaged/m)
    expect(repaired.stdout).toMatch(/^~ store: blob .* is damaged/m)
    expect(readFileSync(path.join(cwd, 'restored'), 'utf8')).toBe('the output')
  })

  test('says how many problems there are beyond those that anybody reads', async () => {
    const cwd = await projectWithEntry()
    const blob = onlyBlob(cwd)
    for (let at = 0; at < 150; at += 1) {
      const digest = String(at).padStart(64, '0')
      const file = blob.replace(/[0-9a-f]{64}/, digest)
      writeFileSync(file, 'nobody knows of it')
      utimesSync(file, 1_000_000_000, 1_000_000_000)
    }

    const [verified, listed] = [await run(cwd, 'cache', 'verify'), await run(cwd, 'doctor')]
    const all = await run(cwd, 'doctor', '--json')

    for (const { stdout } of [verified, listed]) {
      expect(stdout).toMatch(/^ {2}and 5\d more; --json lists all of them$/m)
      expect(stdout.split('\n').length).toBeLessThan(115)
    }
    expect(listed.stdout).toMatch(/^✓ audit log:/m)
    expect(JSON.parse(all.stdout)).toMatchObject({ store: { findings: { length: 150 } } })
  })

  test('an index that was deleted is rebuilt from the blobs, without losing an entry', async () => {
    const cwd = await projectWithEntry()
    for (const name of cacheFiles(cwd).filter((file) => file.startsWith('cache.db')))
      rmSync(inCache(cwd, name))

    const { code, stdout } = await run(cwd, 'doctor')
    const lookup = await run(cwd, 'cache', 'get', 'task', 'input', 'restored')

    expect([code, lookup.code]).toEqual([0, 0])
    expect(stdout).toContain('~ index: was lost, and was rebuilt from the blobs with 1 entry')
  })

  test('an index of another version is said to be one, and no damage', async () => {
    const cwd = await projectWithEntry()
    takeTable(inCache(cwd, 'cache.db'))
    const told = await run(cwd, 'cache', 'get', 'task', 'input', 'restored')
    takeTable(inCache(cwd, 'cache.db'))

    const { code, stdout } = await run(cwd, 'doctor')

    expect([told.code, code]).toEqual([0, 0])
    expect(told.stderr).toContain(
      'warning: the index was made by another version of TaskVault; it was rebuilt with 1 entry',
    )
    expect(stdout).toContain('~ index: was made by another version of TaskVault, and was rebuilt')
    expect(stdout).not.toContain('damaged')
  })

  test('an index that is no database is rebuilt, too', async () => {
    const cwd = await projectWithEntry()
    for (const name of cacheFiles(cwd).filter((file) => /^cache\.db-(wal|shm)$/.test(file)))
      rmSync(inCache(cwd, name))
    writeFileSync(inCache(cwd, 'cache.db'), 'x'.repeat(8192))

    const { code } = await run(cwd, 'doctor', '--repair')
    const lookup = await run(cwd, 'cache', 'get', 'task', 'input', 'restored')

    expect([code, lookup.code]).toEqual([0, 0])
  })

  test.skipIf(process.platform === 'win32')(
    'warns of a cache that every user may write to',
    async () => {
      const cwd = await projectWithEntry()
      chmodSync(path.join(cwd, '.taskvault', 'cache'), 0o777)

      const { code, stdout } = await run(cwd, 'doctor')

      expect(code).toBe(0)
      expect(stdout).toContain('! cache directory: every user may write to it')
    },
  )

  test('--repair puts a broken audit log aside, and the new one says what was found', async () => {
    const cwd = await projectWithEntry()
    const log = inCache(cwd, 'audit.log')
    const forged = readFileSync(log, 'utf8').replace('SAVE put', 'HIT  get')
    writeFileSync(log, forged)

    const before = await run(cwd, 'doctor')
    const repair = await run(cwd, 'doctor', '--repair')
    const after = await run(cwd, 'doctor')

    expect([before.code, repair.code, after.code]).toEqual([65, 0, 0])
    const [aside = ''] = cacheFiles(cwd).filter((name) => name.includes('.broken-'))
    expect(repair.stdout).toContain(`kept as ${aside}, and a new one was begun`)
    expect(readFileSync(inCache(cwd, aside), 'utf8')).toBe(forged)
    expect(readFileSync(log, 'utf8')).toMatch(
      /ROTATE log .*\n.* ERROR audit_set_aside broken=audit.log:1 because=unchained files=1 digest=[0-9a-f]{32} /,
    )
  })

  test('--json holds the findings', async () => {
    const cwd = await projectWithEntry()
    flipByte(onlyBlob(cwd))

    const { stdout } = await run(cwd, 'doctor', '--json')

    expect(JSON.parse(stdout)).toMatchObject({
      healthy: false,
      store: { findings: [{ kind: 'blob-corrupt' }] },
      audit: { kind: 'sound' },
    })
  })
})

test('audit tail says when the log cannot be read', async () => {
  const cwd = createProject({ '.taskvault/config.yaml': 'cache_dir: file\n', file: '' })

  const { code, stderr } = await run(cwd, 'audit', 'tail')

  expect(code).toBe(74)
  expect(stderr).toContain(`error: Could not list ${path.join(cwd, 'file')}`)
})

describe('audit verify', () => {
  test('a whole log is unbroken', async () => {
    const cwd = await projectWithEntry()

    const { code, stdout } = await run(cwd, 'audit', 'verify')

    expect([code, stdout]).toEqual([0, '✓ audit.log: 1 line, unbroken\n'])
  })

  test('names the first line that was changed', async () => {
    const cwd = await projectWithEntry()
    await run(cwd, 'cache', 'get', 'task', 'input', 'restored')
    await run(cwd, 'cache', 'get', 'other', 'input', 'restored')
    const log = inCache(cwd, 'audit.log')
    writeFileSync(log, readFileSync(log, 'utf8').replace(' HIT ', ' HAT '))

    const { code, stdout } = await run(cwd, 'audit', 'verify')

    expect([code, stdout]).toEqual([
      65,
      '✗ audit.log:2: this line was changed, or lines before it were changed, removed or moved\n',
    ])
  })
})

describe('cache gc', () => {
  test('removes what a killed save left behind an hour ago, and nothing younger', async () => {
    const cwd = await projectWithEntry()
    const old = inCache(cwd, path.join('blobs', `.tmp-${chanceName()}`))
    const young = inCache(cwd, path.join('blobs', `.tmp-${chanceName()}`))
    for (const file of [old, young]) writeFileSync(file, 'left over')
    const longAgo = new Date(Date.now() - 2 * 3_600_000)
    utimesSync(old, longAgo, longAgo)

    const { code, stdout } = await run(cwd, 'cache', 'gc')

    expect([code, stdout]).toEqual([0, '✓ Removed 1 file (9 bytes freed)\n'])
    expect(readdirSync(inCache(cwd, 'blobs')).filter((name) => name.startsWith('.tmp-'))).toEqual([
      path.basename(young),
    ])
    expect((await run(cwd, 'cache', 'get', 'task', 'input', 'restored')).code).toBe(0)
  })
})

async function projectWithEntry(): Promise<string> {
  const cwd = createProject({ input: 'the input', output: 'the output' })
  await run(cwd, 'cache', 'save', 'task', 'input', 'output')
  return cwd
}

async function run(cwd: string, ...argv: readonly string[]): Promise<Ran> {
  return await runMain(argv, { cwd })
}

function inCache(cwd: string, name: string): string {
  return path.join(cwd, '.taskvault', 'cache', name)
}

function cacheFiles(cwd: string): readonly string[] {
  return readdirSync(inCache(cwd, '.'))
}

function onlyBlob(cwd: string): string {
  const [name = '', ...more] = readdirSync(inCache(cwd, 'blobs'))
  expect(more).toEqual([])
  return inCache(cwd, path.join('blobs', name))
}

/** Leaves a whole database behind, which is not one of ours. */
function takeTable(file: string): void {
  using database = new DatabaseSync(file)
  database.exec('DROP TABLE git_contents')
}

/** Changes one bit in the middle of a file. */
function flipByte(file: string): void {
  chmodSync(file, 0o644)
  const bytes = readFileSync(file)
  const middle = Math.floor(bytes.length / 2)
  bytes[middle] = (bytes[middle] ?? 0) ^ 1
  writeFileSync(file, bytes)
}
