import { execFileSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { parse } from 'yaml'
import { writePublishedTree } from '../../scripts/build-github-action.ts'
import { startVaultServer } from '../rig/start-vault-server.ts'
import type { VaultServer } from '../rig/start-vault-server.ts'
import { createMachine, runAction, writeFiles } from './github/run-action.ts'
import type { Done, Machine } from './github/run-action.ts'

/* The built action as the runner starts it, against the cache service of a real server. */

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 })

let server: VaultServer
beforeAll(async () => {
  server = await startVaultServer()
})
afterAll(async () => await server[Symbol.asyncDispose]())

const WORK = {
  task: 'deps',
  inputs: 'package-lock.json\nsrc/**\n!src/**/*.md',
  path: 'node_modules',
}

describe('a cache by what the work reads', () => {
  test('what one machine saved, another one is given', async () => {
    const task = uniqueTask()
    const first = createMachine(server)
    writeFiles(first, { 'package-lock.json': '1', 'src/a.ts': 'a' })
    const missed = await runAction(first, { inputs: { ...WORK, task } })
    writeFiles(first, { 'node_modules/a/index.js': 'made', 'node_modules/.bin/a': '#!' })
    const saved = await post(first, { ...WORK, task }, missed)

    const second = createMachine(server)
    writeFiles(second, { 'package-lock.json': '1', 'src/a.ts': 'a', 'src/README.md': 'new' })
    const hit = await runAction(second, { inputs: { ...WORK, task } })
    const nothing = await post(second, { ...WORK, task }, hit)

    expect(missed.exitCode, missed.log).toBe(0)
    expect(missed.outputs).toMatchObject({ 'cache-status': 'miss', 'should-skip': 'false' })
    expect(missed.outputs).not.toHaveProperty('cache-hit')
    expect(saved.exitCode, saved.log).toBe(0)
    expect(Number(saved.outputs['uploaded-bytes'])).toBeGreaterThan(0)
    expect(hit.outputs).toMatchObject({
      'cache-hit': 'true',
      'cache-status': 'exact',
      'should-skip': 'true',
      'restored-bytes': '6',
      'cache-matched-key': missed.outputs['cache-primary-key'],
    })
    expect(contentOf(second, 'node_modules/a/index.js')).toBe('made')
    expect(nothing.log).toContain('nothing to save: it was restored')
    expect(`${missed.log}${saved.log}${hit.log}${nothing.log}`).not.toContain('::warning')
  })

  test('what has changed is named as the reason of a miss', async () => {
    const files = { '../tool': 'echo 1', 'package-lock.json': '1', 'src/a.ts': 'a' }
    const machine = createMachine(server)
    const inputs = { ...WORK, task: uniqueTask(), env: 'MODE', tools: 'sh ../tool' }
    const restore = async (change: () => void = () => {}): Promise<Done> => {
      rmSync(path.join(machine.workspace, 'src'), { recursive: true, force: true })
      writeFiles(machine, files)
      machine.env['MODE'] = 'a'
      change()
      return await runAction(machine, { inputs, entry: 'restore' })
    }
    const missed = await restore()
    writeFiles(machine, { 'node_modules/a': 'made' })
    await runAction(machine, { inputs, entry: 'save' })

    const known = await restore()
    const changed = await restore(() => writeFiles(machine, { 'src/a.ts': 'b' }))
    const renamed = await restore(() => {
      rmSync(path.join(machine.workspace, 'src/a.ts'))
      writeFiles(machine, { 'src/b.ts': 'a' })
    })
    const executable = await restore(() =>
      chmodSync(path.join(machine.workspace, 'src/a.ts'), 0o755),
    )
    const variable = await restore(() => void (machine.env['MODE'] = 'b'))
    const tool = await restore(() => writeFiles(machine, { '../tool': 'echo 2' }))
    const page = await restore(() => writeFiles(machine, { 'src/README.md': 'new' }))

    const reasons = [missed, changed, renamed, executable, variable, tool].map(reasonOf)
    expect(reasons).toEqual([
      'nothing was saved for this task yet',
      'changed: src/a.ts',
      'renamed: src/a.ts to src/b.ts',
      'now executable: src/a.ts',
      'environment variable MODE has another value',
      'another version of a tool: sh ../tool',
    ])
    expect([known, page].map(({ outputs }) => outputs['cache-status'])).toEqual(['exact', 'exact'])
  })

  test('after a change, only what is new is sent', async () => {
    const task = uniqueTask()
    const machine = createMachine(server)
    const noise = Buffer.alloc(600_000, 'x').map((_, at) => (at * 7919 * (at % 251)) % 256)
    writeFiles(machine, { 'package-lock.json': '1', 'src/a.ts': 'a' })
    const first = await runAction(machine, { inputs: { ...WORK, task } })
    writeFiles(machine, { 'node_modules/big': Buffer.from(noise).toString('base64') })
    const all = await post(machine, { ...WORK, task }, first)

    writeFiles(machine, { 'package-lock.json': '2', 'node_modules/small': 'new' })
    const second = await runAction(machine, { inputs: { ...WORK, task } })
    const rest = await post(machine, { ...WORK, task }, second)

    const [before, after] = [all, rest].map(({ outputs }) => Number(outputs['uploaded-bytes']))
    expect(after).toBeGreaterThan(0)
    expect(after).toBeLessThan((before ?? 0) / 10)
  })

  test('the newest entry is better than nothing, where that is asked for', async () => {
    const inputs = { ...WORK, task: uniqueTask(), fallback: 'true' }
    const first = createMachine(server)
    writeFiles(first, { 'package-lock.json': '1', 'src/a.ts': 'a' })
    const missed = await runAction(first, { inputs })
    writeFiles(first, { 'node_modules/a': 'made' })
    await post(first, inputs, missed)

    const second = createMachine(server)
    writeFiles(second, { 'package-lock.json': '2', 'src/a.ts': 'a' })
    const partial = await runAction(second, { inputs })

    expect(partial.outputs).toMatchObject({ 'cache-hit': 'false', 'cache-status': 'partial' })
    expect(partial.outputs['should-skip']).toBe('false')
    expect(contentOf(second, 'node_modules/a')).toBe('made')
  })

  test('a key alone does, in two steps of their own', async () => {
    const inputs = { key: `linux-${uniqueTask()}`, path: 'out\n~/.tool' }
    const first = createMachine(server)
    writeFiles(first, { 'out/a': 'a', '../home/.tool/b': 'b' })
    const saved = await runAction(first, { entry: 'save', inputs })
    const second = createMachine(server)

    const hit = await runAction(second, { entry: 'restore', inputs })
    const other = await runAction(second, { entry: 'restore', inputs: { ...inputs, key: 'other' } })

    expect(saved.exitCode, saved.log).toBe(0)
    expect(hit.outputs['cache-hit']).toBe('true')
    expect(contentOf(second, 'out/a') + contentOf(second, '../home/.tool/b')).toBe('ab')
    expect(other.outputs['cache-status']).toBe('miss')
  })
})

describe('a command that is run or put back', () => {
  const SCRIPT = [
    'echo ran >> ../runs',
    'echo hello; echo trouble >&2',
    'echo "::warning::from the command"',
    'echo "::add-mask::hunter2"',
    'echo "result=42" >> "$GITHUB_OUTPUT"',
    'echo "MADE=yes" >> "$GITHUB_ENV"',
    'echo "# Report" >> "$GITHUB_STEP_SUMMARY"',
    'mkdir -p out; echo made > out/file',
    'test -z "$ACTIONS_RUNTIME_TOKEN$INPUT_RUN$TASKVAULT_TOKEN"',
  ].join('\n')

  test('it runs once, and all that it made comes back on another machine', async () => {
    const inputs = { task: uniqueTask(), inputs: 'src/**', path: 'out', run: SCRIPT }
    const [first, second] = [createMachine(server), createMachine(server)]
    for (const machine of [first, second]) writeFiles(machine, { 'src/a': 'a' })

    const ran = await runAction(first, { inputs })
    const hit = await runAction(second, { inputs })

    expect(ran.exitCode, ran.log).toBe(0)
    expect(contentOf(first, '../runs')).toBe('ran\n')
    expect(existsSync(path.join(second.workspace, '../runs'))).toBe(false)
    for (const { outputs, variables, summary, log } of [ran, hit]) {
      expect(outputs['result']).toBe('42')
      expect(variables).toEqual({ MADE: 'yes' })
      expect(summary).toContain('# Report')
      expect(log).toMatch(/hello\n/)
      expect(log).toMatch(/trouble\n/)
    }
    expect(contentOf(second, 'out/file')).toBe('made\n')
    expect([ran, hit].map(({ outputs }) => outputs['should-skip'])).toEqual(['false', 'true'])
    const left = [first, second].map(({ workspace }) => listHidden(workspace))
    expect(left).toEqual([[], []])
  })

  test('what is replayed commands nothing, and what it masks is masked first', async () => {
    const inputs = { task: uniqueTask(), inputs: 'src/**', run: SCRIPT }
    const machine = createMachine(server)
    writeFiles(machine, { 'src/a': 'a' })

    const ran = await runAction(machine, { inputs })
    const hit = await runAction(machine, { inputs })

    expect(obeyed(ran.log)).toEqual(['::warning::from the command', '::add-mask::hunter2'])
    expect(obeyed(hit.log)).toEqual(['::add-mask::hunter2'])
    expect(hit.log).toContain('::warning::from the command')
  })

  test('a failure fails the step, and is not remembered', async () => {
    const run = 'echo ran >> ../runs; echo "why=x" >> "$GITHUB_OUTPUT"; exit 42'
    const inputs = { task: uniqueTask(), inputs: 'src/**', run }
    const machine = createMachine(server)
    writeFiles(machine, { 'src/a': 'a' })

    const codes = [await runAction(machine, { inputs }), await runAction(machine, { inputs })]

    expect(codes.map(({ exitCode }) => exitCode)).toEqual([42, 42])
    expect(codes[0]?.outputs['why']).toBe('x')
    expect(contentOf(machine, '../runs')).toBe('ran\nran\n')
  })
})

test('a job that is cancelled ends its command, and leaves nothing', async () => {
  const run = 'echo $$ > ../pid.part; mv ../pid.part ../pid; sleep 60; echo late > out'
  const inputs = { task: uniqueTask(), inputs: 'src/**', path: 'out', run }
  const machine = createMachine(server)
  writeFiles(machine, { 'src/a': 'a' })
  let action: ChildProcess | undefined

  const done = runAction(machine, { inputs, onStart: (child) => void (action = child) })
  const pid = path.join(machine.workspace, '../pid')
  await expect.poll(() => existsSync(pid), { timeout: 20_000 }).toBe(true)
  action?.kill('SIGINT')
  const { exitCode, log } = await done

  expect(exitCode, log).toBe(130)
  expect(log).toContain('not saved: interrupted')
  expect(() => process.kill(Number(readFileSync(pid, 'utf8')), 0)).toThrow('ESRCH')
  expect(listHidden(machine.workspace)).toEqual([])
})

describe('trouble', () => {
  test('whatever the service answers costs one warning and a miss', async () => {
    const answers: Readonly<Record<string, RequestListener>> = {
      401: (_, response) => void response.writeHead(401).end(),
      403: (_, response) => void response.writeHead(403).end('{"msg":"cache read denied: no"}'),
      429: (_, response) => void response.writeHead(429, { 'retry-after': '60' }).end(),
      500: (_, response) => void response.writeHead(500).end('<html>'),
      page: (_, response) => void response.writeHead(200).end('<html>Sign in</html>'),
      cut: (_, response) => void response.socket?.destroy(),
      stall: () => {},
    }
    const services = await Promise.all(Object.values(answers).map(startFailing))

    const seen = await Promise.all(services.map(async (url) => await playTrouble(url)))

    for (const [index, { missed, saved, again, tookMs }] of seen.entries()) {
      const name = Object.keys(answers)[index]
      expect([missed.exitCode, saved.exitCode], name + missed.log + saved.log).toEqual([0, 0])
      expect(missed.log.match(/^::warning/gm), name).toHaveLength(1)
      expect(missed.log + saved.log).not.toContain('secret-token')
      expect(missed.outputs).toMatchObject({ 'cache-status': 'error', 'should-skip': 'false' })
      expect(tookMs, name).toBeLessThan(20_000)
      // What this machine has is as good as before.
      expect(again.outputs['cache-status'], name).toBe('exact')
    }
  })

  test.each<readonly [string, (bytes: Buffer) => Buffer, 'exact' | 'error']>([
    // The control: what is only passed on is a hit.
    ['as they were', (bytes) => bytes, 'exact'],
    ['changed in a pack', (bytes) => (isRecord(bytes) ? bytes : flipped(bytes)), 'error'],
    ['those of another entry', (bytes) => (isRecord(bytes) ? renamed(bytes) : bytes), 'error'],
    ['fewer', (bytes) => bytes.subarray(0, bytes.length >> 1), 'error'],
    ['those of a page', () => Buffer.from('<html>'), 'error'],
  ])(
    'bytes from the service that are %s: nothing is touched but by a hit',
    async (_, change, status) => {
      const inputs = { ...WORK, task: uniqueTask() }
      const first = createMachine(server)
      writeFiles(first, { 'package-lock.json': '1', 'src/a.ts': 'a', 'node_modules/a': 'made' })
      await runAction(first, { entry: 'save', inputs })
      const second = createMachine({
        url: await startChanging(server.url, change),
        key: server.key,
      })
      writeFiles(second, { 'package-lock.json': '1', 'src/a.ts': 'a', 'node_modules/a': 'mine' })

      const restored = await runAction(second, { entry: 'restore', inputs })

      expect(restored.exitCode, restored.log).toBe(0)
      expect(restored.outputs['cache-status'], restored.log).toBe(status)
      expect(contentOf(second, 'node_modules/a')).toBe(status === 'exact' ? 'made' : 'mine')
    },
  )

  test('a job that may only read saves nothing, without a word of warning', async () => {
    const machine = createMachine(server)
    machine.env['ACTIONS_CACHE_MODE'] = 'read'
    const inputs = { ...WORK, task: uniqueTask() }
    writeFiles(machine, { 'package-lock.json': '1', 'src/a.ts': 'a' })
    const missed = await runAction(machine, { inputs })
    writeFiles(machine, { 'node_modules/a': 'made' })

    const saved = await post(machine, inputs, missed)

    expect(saved.exitCode, saved.log).toBe(0)
    expect(missed.log + saved.log).not.toContain('::warning')
    expect(saved.outputs['uploaded-bytes']).toBe('0')
  })

  test('what could not be saved fails the step where that is asked for', async () => {
    const url = await startFailing((_, response) => void response.writeHead(500).end())
    const inputs = { run: 'echo made > out', path: 'out', inputs: 'src/**' }
    const play = async (more: Readonly<Record<string, string>>): Promise<Done> => {
      const machine = createMachine({ url, key: 'k' })
      writeFiles(machine, { 'src/a.ts': 'a' })
      return await runAction(machine, { inputs: { ...inputs, task: uniqueTask(), ...more } })
    }

    const [asked, not] = await Promise.all([play({ 'fail-on-save-error': 'true' }), play({})])

    expect([asked.exitCode, not.exitCode], asked.log).toEqual([1, 0])
    expect(asked.log).toContain('fail-on-save-error is set')
  })

  test('a miss fails the step where that is asked for', async () => {
    const machine = createMachine(server)
    writeFiles(machine, { 'package-lock.json': '1', 'src/a.ts': 'a' })

    const missed = await runAction(machine, { inputs: { ...WORK, 'fail-on-cache-miss': 'true' } })

    expect(missed.exitCode).toBe(1)
    expect(missed.log).toContain('Exiting as fail-on-cache-miss is set')
  })

  test('what cannot be meant is refused, and told', async () => {
    const refused: readonly (readonly [inputs: Record<string, string>, said: string])[] = [
      [{ inputs: 'src/**', path: 'out' }, 'task is empty'],
      [{ task: 'two words', inputs: 'src/**', path: 'out' }, 'two words'],
      [{ task: 'a', inputs: 'src/**', path: 'out/*' }, 'out/*'],
      [{ task: 'a', inputs: 'src/**' }, 'path is empty'],
      [{ task: 'a', path: 'out' }, 'Nothing says when'],
      [{ key: 'a,b', path: 'out' }, 'a,b'],
      [{ key: 'a', path: 'out', 'read-only': 'perhaps' }, 'perhaps'],
      [{ key: 'a', path: '.git' }, '.git'],
      [{ key: 'a', run: 'true', shell: 'fish' }, 'fish'],
    ]
    const machine = createMachine(server)
    writeFiles(machine, { 'src/a.ts': 'a' })

    const ends = await Promise.all(refused.map(([inputs]) => runAction(machine, { inputs })))

    for (const [index, { exitCode, log }] of ends.entries()) {
      expect(exitCode, log).toBe(1)
      expect(log).toMatch(/^::error/m)
      expect(log).toContain(refused[index]?.[1])
    }
  })
})

test('what is published needs nothing around it', async () => {
  const [first, second] = [createMachine(server), createMachine(server)]
  const tree = path.join(first.workspace, '../published')
  writePublishedTree(tree)
  const { runs } = parse(readFileSync(path.join(tree, 'action.yml'), 'utf8')) as {
    readonly runs: Readonly<Record<string, string>>
  }
  const inputs = { task: uniqueTask(), run: 'echo hello', salt: '1' }
  const dist = path.join(tree, 'dist')

  const ran = await runAction(first, { inputs, dist })
  second.env['TASKVAULT_BLAKE3'] = 'wasm'
  const hit = await runAction(second, { inputs, dist })

  expect([ran, hit].map(({ outputs }) => outputs['cache-status'])).toEqual(['miss', 'exact'])
  expect(ran.log + hit.log).not.toContain('::warning')
  for (const file of [runs['main'], runs['post']])
    expect(existsSync(path.join(tree, String(file)))).toBe(true)
  for (const place of ['restore', 'save'])
    expect(existsSync(path.join(dist, `${place}.mjs`))).toBe(true)
})

let tasks = 0
function uniqueTask(): string {
  tasks += 1
  return `task-${tasks}`
}

async function post(
  machine: Machine,
  inputs: Readonly<Record<string, string>>,
  { state }: Done,
): Promise<Done> {
  return await runAction(machine, { entry: 'post', inputs, state })
}

function contentOf({ workspace }: Machine, name: string): string {
  return readFileSync(path.join(workspace, name), 'utf8')
}

function listHidden(workspace: string): readonly string[] {
  return execFileSync('ls', ['-A', workspace], { encoding: 'utf8' })
    .split('\n')
    .filter((name) => name.startsWith('.'))
}

/** Lines that the runner would do something for, in their order. */
function obeyed(log: string): readonly string[] {
  const found: string[] = []
  let stop: string | undefined
  for (const line of log.split('\n').map((each) => each.trim())) {
    if (stop !== undefined) stop = line === `::${stop}::` ? undefined : stop
    else if (line.startsWith('::stop-commands::')) stop = line.slice('::stop-commands::'.length)
    else if (line.startsWith('::')) found.push(line)
  }
  return found
}

/** The reason of a miss, as the page of the run and the log say it. */
function reasonOf({ summary, log, outputs }: Done): string {
  expect(outputs['cache-status']).toBe('miss')
  const reason = /^- (.*)$/m.exec(decoded(summary))?.[1] ?? ''
  expect(log).toContain(reason)
  return reason
}

function decoded(markdown: string): string {
  return markdown.replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
}

interface Trouble {
  readonly missed: Done
  readonly saved: Done
  readonly again: Done
  readonly tookMs: number
}

async function playTrouble(url: string): Promise<Trouble> {
  const machine = createMachine({ url, key: 'secret-token' })
  const inputs = { ...WORK, task: uniqueTask() }
  writeFiles(machine, { 'package-lock.json': '1', 'src/a.ts': 'a' })
  const startedAt = performance.now()
  const missed = await runAction(machine, { inputs })
  const tookMs = performance.now() - startedAt
  writeFiles(machine, { 'node_modules/a': 'made' })
  const saved = await post(machine, inputs, missed)
  return { missed, saved, again: await runAction(machine, { inputs }), tookMs }
}

async function startFailing(listener: RequestListener): Promise<string> {
  const failing = createServer(listener)
  await new Promise<void>((resolve) => failing.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    failing.closeAllConnections()
    failing.close()
  })
  return `http://127.0.0.1:${(failing.address() as AddressInfo).port}`
}

function isRecord(bytes: Buffer): boolean {
  return bytes[0] === '{'.charCodeAt(0)
}

/** The record of an entry with another key. */
function renamed(bytes: Buffer): Buffer {
  const text = bytes.toString()
  const other = text.replace(/"key":"./, (found) => `"key":"${found.endsWith('0') ? 1 : 0}`)
  expect(other).not.toBe(text)
  return Buffer.from(other)
}

/** Another byte in the middle. */
function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes)
  const middle = copy.length >> 1
  copy[middle] = (copy[middle] ?? 0) ^ 1
  return copy
}

/** Stands before the service, and changes what is fetched from it. */
async function startChanging(url: string, change: (bytes: Buffer) => Buffer): Promise<string> {
  return await startFailing((request, response) => void passOn(request, response))

  async function passOn(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', headers } = request
    const body = await buffer(request)
    const answer = await fetch(new URL(request.url ?? '/', url), {
      method,
      headers: {
        authorization: headers.authorization ?? '',
        'content-type': headers['content-type'] ?? '',
        ...(headers.range !== undefined && { range: headers.range }),
      },
      ...(method === 'POST' && { body }),
    })
    const bytes = Buffer.from(await answer.arrayBuffer())
    if (method === 'POST') {
      // Addresses are those of the service; all that is fetched is to come through here.
      const text = bytes.toString().replaceAll(url, `http://${headers.host}`)
      return void response.writeHead(answer.status).end(text)
    }
    const changed = method === 'GET' ? change(bytes) : bytes
    return void response.writeHead(answer.status, { 'content-length': changed.length }).end(changed)
  }
}
