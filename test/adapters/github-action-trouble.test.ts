import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, readdirSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import path from 'node:path'
import process from 'node:process'
import { expect, test } from 'vitest'
import { useVaultServer } from '../rig/use-vault-server.ts'
import {
  flipped,
  isRecord,
  recarried,
  renamed,
  startChanging,
  startFailing,
  startLate,
} from './github/failing-service.ts'
import {
  WORK,
  contentOf,
  createMachine,
  post,
  runAction,
  uniqueTask,
  writeFiles,
} from './github/run-action.ts'
import type { Done } from './github/run-action.ts'

/* The built action against services that fail, lie or refuse, and in workflows that are wrong. */

const server = await useVaultServer()

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
    if (name === '403') expect(missed.log).toContain('answered 403: cache read denied: no\n')
    expect(missed.outputs).toMatchObject({ 'cache-status': 'error', 'should-skip': 'false' })
    expect(tookMs, name).toBeLessThan(20_000)
    // What this machine has is as good as before.
    expect(again.outputs['cache-status'], name).toBe('exact')
  }
})

test.each<readonly [string, (bytes: Buffer) => Buffer, 'exact' | 'miss' | 'error']>([
  // The control: what is only passed on is a hit.
  ['as they were', (bytes) => bytes, 'exact'],
  ['changed in a pack', (bytes) => (isRecord(bytes) ? bytes : flipped(bytes)), 'miss'],
  ['changed in what a record carries', (bytes) => recarried(bytes), 'miss'],
  ['those of another entry', (bytes) => (isRecord(bytes) ? renamed(bytes) : bytes), 'error'],
  ['fewer', (bytes) => bytes.subarray(0, bytes.length >> 1), 'error'],
  ['those of a page', () => Buffer.from('<html>'), 'error'],
])(
  'bytes from the service that are %s: nothing is touched but by a hit',
  async (_, change, status) => {
    const inputs = { ...WORK, task: uniqueTask() }
    const first = createMachine(server)
    writeFiles(first, { 'package-lock.json': '1', 'src/a.ts': 'a', 'node_modules/a': 'made' })
    // Too large for a record to carry.
    writeFiles(first, { 'node_modules/b': randomBytes(1_500_000).toString('base64') })
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

test('while the vault that a step names does not answer, GitHub’s cache service stands in for it', async () => {
  const remote = await startFailing((_, response) => void response.writeHead(503).end())
  const inputs = { ...WORK, remote, token: 'secret-token', task: uniqueTask() }
  const files = { 'package-lock.json': '1', 'src/a.ts': 'a' }
  const first = createMachine(server)
  writeFiles(first, files)

  const missed = await runAction(first, { inputs })
  writeFiles(first, { 'node_modules/a': 'made' })
  await post(first, inputs, missed)
  const second = createMachine(server)
  writeFiles(second, files)
  const hit = await runAction(second, { inputs })
  const other = await runAction(second, { inputs: { ...inputs, task: uniqueTask() } })

  expect(missed.log.match(/^::warning.*/gm), missed.log).toEqual([
    expect.stringContaining("Continuing with GitHub's cache service in place of the remote store"),
  ])
  expect(missed.outputs['cache-status'], missed.log).toBe('miss')
  expect(other.outputs['cache-status'], other.log).toBe('miss')
  expect(other.log).toContain("using GitHub's cache service in place of the remote store")
  expect(other.log).not.toContain('::warning')
  expect(hit.outputs['cache-status'], hit.log).toBe('exact')
  expect(contentOf(second, 'node_modules/a')).toBe('made')
})

test('what the vault leaves of the time that may be lost is there for GitHub’s cache service', async () => {
  const inputs = { ...WORK, task: uniqueTask() }
  const files = { 'package-lock.json': '1', 'src/a.ts': 'a' }
  const first = createMachine(server)
  writeFiles(first, { ...files, 'node_modules/a': 'made' })
  await runAction(first, { entry: 'save', inputs })
  const slow = await startLate(server.url, { count: 2, byMs: 800 })
  const second = createMachine({ url: slow, key: server.key })
  writeFiles(second, files)
  const remote = await startFailing((_, response) => void response.writeHead(503).end())

  const hit = await runAction(second, { inputs: { ...inputs, remote, token: 'secret-token' } })

  expect(hit.outputs['cache-status'], hit.log).toBe('exact')
})

test('nothing that nobody has signed stands in for a vault whose entries are', async () => {
  const remote = await startFailing((_, response) => void response.writeHead(503).end())
  const machine = createMachine(server)
  const publicKeys = 'A'.repeat(43)
  const config = `remote: { url: '${remote}', public_keys: ['${publicKeys}'] }\n`
  writeFiles(machine, {
    'package-lock.json': '1',
    'src/a.ts': 'a',
    '.taskvault/config.yaml': config,
  })

  const missed = await runAction(machine, { inputs: { ...WORK, task: uniqueTask() } })

  expect(missed.log).toContain('Continuing without the remote store')
})

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

test.each([
  ['issue_comment', {}, 'not saved: the policy'],
  ['workflow_run', { workflow_run: { head_repository: { id: 2 } } }, 'not saved: the policy'],
  ['workflow_run', { workflow_run: { head_repository: { id: 1 } } }, 'saved 0 files'],
  ['workflow_dispatch', {}, 'saved 0 files'],
])('of %s %j, a job may work on what a fork has sent', async (name, event, said) => {
  const machine = createMachine(server)
  machine.env['GITHUB_EVENT_NAME'] = name
  machine.env['GITHUB_EVENT_PATH'] = path.join(machine.workspace, '../event.json')
  const document = { repository: { id: 1 }, ...event }
  writeFiles(machine, { 'src/a.ts': 'a', '../event.json': JSON.stringify(document) })

  const ran = await runAction(machine, {
    inputs: { task: uniqueTask(), inputs: 'src/**', run: 'echo ran' },
  })

  expect(ran.log).toContain(said)
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

test('word that cannot be left for the post half is a warning', async () => {
  const machine = createMachine(server)
  writeFiles(machine, { 'package-lock.json': '1', 'src/a.ts': 'a' })
  const env = { RUNNER_TEMP: path.join(machine.workspace, 'package-lock.json') }

  const missed = await runAction(machine, { inputs: { ...WORK, task: uniqueTask() }, env })

  expect([missed.exitCode, missed.state['taskvault-begun']], missed.log).toEqual([0, undefined])
  expect(missed.log).toMatch(/^::warning title=TaskVault::Could not write /m)
  expect(missed.outputs['cache-status']).toBe('miss')
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
    [{ task: 'a', run: 'true', path: '../out/*' }, '../out/*'],
    [{ key: 'a' }, 'not supplied: path'],
    // With neither script nor path, it is the configuration that says what the task is.
    [{ task: 'a', inputs: 'src/**' }, 'There is no'],
    [{ task: 'a', path: 'out' }, 'Nothing says when'],
    [{ key: 'a,b', path: 'out' }, 'a,b'],
    [{ key: 'a', path: 'out', 'read-only': 'perhaps' }, 'perhaps'],
    [{ key: 'a', path: '.git' }, '.git'],
    [{ key: 'a', run: 'true', shell: 'fish' }, 'fish'],
    // Passed over in silence, they would run what was only to be looked up.
    [{ task: 'a', run: 'true', 'lookup-only': 'true' }, 'lookup-only is only for steps'],
    [{ key: 'a', run: 'true', 'restore-keys': 'a' }, 'restore-keys is only for steps'],
    [{ task: 'a', 'fail-on-cache-miss': 'true' }, 'fail-on-cache-miss is only for steps'],
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

// There the mode of a directory tells nothing.
test.skipIf(process.platform === 'win32')(
  'compiled code, and what was read, are kept, and not where somebody else can write',
  async () => {
    const service = await startFailing((_, response) => void response.writeHead(500).end())
    const machine = createMachine({ url: service, key: 'secret-token' })
    const kept = path.join(machine.env['RUNNER_TOOL_CACHE']!, 'taskvault-compiled-code')
    writeFiles(machine, { ...WORK, '.taskvault/config.yaml': 'max_size_gb: 1\n' })
    const step = { inputs: { task: uniqueTask(), inputs: '*.txt', path: 'out' } }
    const listKept = (): string[] => readdirSync(kept, { recursive: true, encoding: 'utf8' })

    mkdirSync(kept)
    chmodSync(kept, 0o777)
    await runAction(machine, step)
    expect(listKept()).toEqual([])

    chmodSync(kept, 0o755)
    await runAction(machine, step)
    expect(listKept().map((name) => path.basename(path.dirname(name)))).toContain('configurations')
    expect(listKept().length).toBeGreaterThan(5)
  },
)
