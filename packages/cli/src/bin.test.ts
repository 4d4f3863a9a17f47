import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess, StdioOptions } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { text as readText } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { createProject } from './testing/run-main.ts'

/** A user to whom permissions mean something. */
const ORDINARY = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
const BIN = path.join(import.meta.dirname, 'bin.ts')

const SAVE = ['cache', 'save', 'task', 'input', 'tree']
const GET = ['cache', 'get', 'task', 'input', 'tree']
const RESTORE = ['restore', 'halves', '--input', 'input', '--output', 'tree']
const RUN = ['run', 'task', '--input', 'input', '--output', 'tree', '--', 'true']

describe('as a process', () => {
  test('the exit code and both streams are those of the command', () => {
    const { status, stdout, stderr } = run(
      ['config', 'show', '--config', 'missing.yaml'],
      createProject(),
    )

    expect([status, stdout]).toEqual([78, ''])
    expect(stderr).toBe(
      'error: There is no configuration file missing.yaml\nhint: Run `taskvault init`, or correct `--config` or TASKVAULT_CONFIG.\n',
    )
  })

  test('a reader that has seen enough ends it quietly', async () => {
    // Reading nothing and closing: the first write that does not fit meets a closed pipe.
    const child = spawn('bash', [
      '-c',
      `set -o pipefail; "$0" "$1" completion bash | true`,
      process.execPath,
      BIN,
    ])
    const stderr: Buffer[] = []
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))

    const code = await new Promise((resolve) => child.on('close', resolve))

    expect([code, Buffer.concat(stderr).toString()]).toEqual([0, ''])
  })

  test.skipIf(!existsSync('/dev/full')).each([
    [74, 'completion bash'],
    [141, 'run task --quiet -- yes'],
  ])('output that could not be written is a failure, with %d for %s', (status, words) => {
    const ran = spawnSync('bash', ['-c', `"$0" "$1" ${words} > /dev/full`, process.execPath, BIN], {
      cwd: createProject(),
      encoding: 'utf8',
    })

    expect(ran.status).toBe(status)
    expect(ran.stderr).toMatch(/^error: Could not write to standard output: ENOSPC.*\n$/)
  })

  test.skipIf(process.platform === 'win32')(
    'a configuration is created whole, or not at all',
    () => {
      const project = createProject()
      const script = 'ulimit -f 0; "$0" "$1" init'

      const { status } = spawnSync('bash', ['-c', script, process.execPath, BIN], { cwd: project })

      expect(status).toBe(74)
      expect(existsSync(path.join(project, '.taskvault/config.yaml'))).toBe(false)
      expect(run(['init'], project).stdout).toContain('Created')
    },
  )

  test.skipIf(process.platform === 'win32')('an input that may not be read is named', () => {
    const project = createProject({ input: 'i', output: 'o' })
    chmodSync(path.join(project, 'input'), 0)
    chmodSync(project, 0o777)

    const { status, stderr } = run(['cache', 'save', 'task', 'input', 'output'], project, ORDINARY)

    expect(status).toBe(66)
    expect(stderr).toMatch(/^error: .*input.*\nhint: .+\n$/v)
  })

  test.skipIf(process.platform === 'win32')('a cache that may only be read is used', () => {
    const project = createProject({ input: 'i' })
    run(echo('known'), project)
    const closed = [project, '.taskvault', '.taskvault/cache', '.taskvault/cache/blobs']
    for (const name of closed) chmodSync(path.resolve(project, name), 0o555)

    const commands = [
      echo('known'),
      echo('other'),
      ['cache', 'save', 'task', 'input', 'input'],
      ['restore', 'halves', '--input', 'input'],
      ['save', 'halves'],
    ]
    const [hit, miss, save, ...halves] = commands.map((words) => run(words, project, ORDINARY))
    for (const name of closed) chmodSync(path.resolve(project, name), 0o755)

    expect([hit?.status, hit?.stdout, hit?.stderr]).toEqual([
      0,
      'known\n',
      expect.stringMatching(/^✓ task: nothing to restore .*\n$/),
    ])
    expect([miss?.status, miss?.stdout, miss?.stderr]).toEqual([
      0,
      'other\n',
      'task: running echo other (the command has changed)\ntask: not saved: this user may not write to the cache\n',
    ])
    const cache = path.resolve(project, '.taskvault/cache')
    expect([save?.status, save?.stderr]).toEqual([
      0,
      `Not cached: This user may not write to the cache in ${cache}\nhint: Check who owns the cache directory and its mode.\n`,
    ])
    expect(halves.map(({ status, stderr }) => [status, stderr])).toEqual([
      [1, expect.stringMatching(/^halves: a miss .*\n$/)],
      [0, 'warning: halves: not saved: this user may not write to the cache\n'],
    ])
  })

  test('a working directory that was deleted is an error with a hint, not a stack', () => {
    const gone = path.join(createProject(), 'gone')
    mkdirSync(gone)
    const script = 'cd "$2"; rmdir "$2"; exec "$0" "$1" config show'

    const { status, stderr } = spawnSync('bash', ['-c', script, process.execPath, BIN, gone], {
      encoding: 'utf8',
    })

    expect(() => rmdirSync(gone)).toThrow('ENOENT')
    expect(stderr).toContain('error: ')
    expect(stderr).toContain('hint: ')
    expect(status).not.toBe(70)
  })
})

describe('when a signal stops it', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
    ['SIGQUIT', 131],
  ] as const)('%s while an input is read: exit %d, and nothing saved', async (signal, code) => {
    const cwd = createProject({ output: 'o' })
    const child = start(['cache', 'save', 'task', '-', 'output'], cwd)
    const ended = exitOf(child)
    await until(child, () => existsSync(path.join(cwd, '.taskvault', 'cache', 'cache.db')))

    child.kill(signal)

    expect(await ended).toEqual({ code, signal: null })
    expect(readdirSync(path.join(cwd, '.taskvault', 'cache', 'blobs'))).toEqual([])
    expect(readdirSync(cwd).toSorted()).toEqual(['.taskvault', 'output'])
  })

  test('a save that is stopped ends without a word about it', async () => {
    const cwd = createProject({ input: 'i' })
    const child = start(['cache', 'save', 'task', 'input', '-'], cwd, 'pipe')
    const said = wordsOf(child)
    const ended = exitOf(child)
    await until(child, () => existsSync(path.join(cwd, '.taskvault', 'cache', 'cache.db')))
    child.stdin?.write('the beginning of an output')

    child.kill('SIGTERM')

    expect(await ended).toEqual({ code: 143, signal: null })
    expect(await said).toBe('')
  })

  test.skipIf(process.platform !== 'linux').each(['gc', 'prune'])(
    'cache %s ends at once, also in the middle of its work',
    async (name) => {
      const cwd = createProject({ input: 'i', tree: 't' })
      run(SAVE, cwd)
      using database = new DatabaseSync(path.join(cwd, '.taskvault', 'cache', 'cache.db'))
      // It waits for the lock as it does all else: without hearing anything.
      database.exec('BEGIN IMMEDIATE')
      const child = start(['cache', name], cwd)
      const ended = exitOf(child)
      await until(child, () => hasOpen(child, 'cache.db'))

      child.kill('SIGTERM')

      expect(await ended).toEqual({ code: null, signal: 'SIGTERM' })
    },
  )

  test.each([
    ['cache get', [SAVE], GET],
    ['restore', [RESTORE, ['save', 'halves']], RESTORE],
    ['run', [RUN], RUN],
  ])(
    'SIGINT while %s puts an output back: it is there whole, or not at all, and nothing else',
    async (_name, before, words) => {
      const cwd = createProject({ input: 'i' })
      mkdirSync(path.join(cwd, 'tree'))
      for (let index = 0; index < FILES; index += 1) {
        writeFileSync(path.join(cwd, 'tree', `file-${index}`), `${index}`.repeat(2000))
      }
      for (const each of before) run(each, cwd)
      rmSync(path.join(cwd, 'tree'), { recursive: true })
      const child = start(words, cwd, 'pipe')
      const said = wordsOf(child)
      const ended = exitOf(child)
      await until(child, () => readdirSync(cwd).length > 2)

      child.kill('SIGINT')
      const { code } = await ended

      const isThere = existsSync(path.join(cwd, 'tree'))
      expect([0, 130]).toContain(code)
      expect(isThere ? readdirSync(path.join(cwd, 'tree')).length : FILES).toBe(FILES)
      expect(code === 130 ? await said : '').toBe('')
      expect(code === 130 || isThere).toBe(true)
      expect(
        readdirSync(cwd)
          .filter((name) => name !== 'tree')
          .toSorted(),
      ).toEqual(['.taskvault', 'input'])
    },
  )
})

const FILES = 2000

function start(
  argv: readonly string[],
  cwd: string,
  output: 'ignore' | 'pipe' = 'ignore',
): ChildProcess {
  const stdio: StdioOptions = ['pipe', output, output === 'pipe' ? 'pipe' : 'inherit']
  return spawn(process.execPath, [BIN, ...argv], { cwd, env: environment(cwd), stdio })
}

/** Of this machine's settings, none but where what was compiled is kept. */
function environment(home: string): NodeJS.ProcessEnv {
  const { PATH, NODE_COMPILE_CACHE } = process.env
  return { PATH, NODE_COMPILE_CACHE, HOME: home }
}

/** All that it writes, to its end. */
async function wordsOf({ stdout, stderr }: ChildProcess): Promise<string> {
  const streams = [stdout, stderr].filter((stream) => stream !== null)
  return (await Promise.all(streams.map(readText))).join('')
}

function exitOf(
  child: ChildProcess,
): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  return new Promise((resolve) => child.on('exit', (code, signal) => resolve({ code, signal })))
}

/** Waits until something is so, or the process has ended without it. */
async function until(child: ChildProcess, isSo: () => boolean): Promise<void> {
  while (!isSo() && child.exitCode === null && child.signalCode === null) await delay(5)
}

function hasOpen({ pid }: ChildProcess, name: string): boolean {
  const descriptors = `/proc/${pid}/fd`
  return readdirSync(descriptors).some((each) => {
    try {
      return path.basename(readlinkSync(path.join(descriptors, each))) === name
    } catch {
      // It was closed meanwhile.
      return false
    }
  })
}

/** The words of a task that says one. */
function echo(word: string): string[] {
  return ['run', 'task', '--input', 'input', '--', 'echo', word]
}

function run(
  argv: readonly string[],
  cwd: string,
  user: { readonly uid?: number; readonly gid?: number } = {},
): { status: number | null; stdout: string; stderr: string } {
  const env = environment(cwd)
  return spawnSync(process.execPath, [BIN, ...argv], { cwd, env, encoding: 'utf8', ...user })
}
