import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { startFaultyProxy, startStrictS3Server } from '@taskvault/core/testing'
import type { FaultyProxy } from '@taskvault/core/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openRig } from '../rig/rig.ts'
import type { Rig } from '../rig/rig.ts'
import { startForwardProxy } from '../rig/start-forward-proxy.ts'
import { useVaultServer } from '../rig/use-vault-server.ts'

/* Two checkouts and what they share, through the built command. */

/** Makes something else at each run, so that outputs which are alike were restored. */
const BUILD = 'mkdir -p out/sub; head -c 3000000 /dev/urandom > out/big; date +%N > out/sub/when'
const FILES = {
  'src/a.txt': 'A',
  '.taskvault/config.yaml': `tasks:\n  build:\n    command: ${JSON.stringify(BUILD)}\n    inputs: [src]\n    outputs: [out]\n`,
}

/** The same for who is killed while it waits, and is not to end before that. */
const PATIENT = `${FILES['.taskvault/config.yaml']}remote: { timeout_seconds: 60 }\n`

type Environment = Readonly<Record<string, string>>

const server = await useVaultServer()

const REMOTES: Readonly<Record<string, () => Promise<Environment>>> = {
  'a server': async () => withServer(server.url),
  'a shared folder': async () => ({ TASKVAULT_REMOTE: pathToFileURL(temporary()).href }),
  'a bucket': async () => {
    const bucket = await startStrictS3Server()
    onTestFinished(async () => await bucket[Symbol.asyncDispose]())
    return { ...bucket.env, TASKVAULT_REMOTE: bucket.address }
  },
}

describe.each(Object.entries(REMOTES))('over %s', (_, openRemote) => {
  test('what one checkout made, the other gets, byte by byte', async () => {
    const env = { ...(await openRemote()), SALT: temporary() }
    const [one, other] = [open(), open()]

    const first = await one.taskvault(['run', 'build', ...KEYED], { env })
    const decided = await other.taskvault(['explain', 'build', ...KEYED], { env })
    const second = await other.taskvault(['run', 'build', ...KEYED], { env })

    expect([first.exitCode, decided.exitCode, second.exitCode]).toEqual([0, 0, 0])
    expect(first.stderr).toMatch(/saved .* and sent 2\.8\d MB/)
    expect(decided.stdout + decided.stderr).toContain('hit')
    expect(second.stderr).toMatch(/restored 2 files in .*, 2\.8\d MB received/)
    expect(fingerprintOf(other)).toEqual(fingerprintOf(one))
  })

  test('results of programs travel, too', async () => {
    const env = await openRemote()
    const [one, other] = [open(), open()]
    const work = [`t${Date.now()}`, 'src/a.txt']
    one.write('result', 'a result')

    const saved = await one.taskvault(['cache', 'save', ...work, 'result'], { env })
    const got = await other.taskvault(['cache', 'get', ...work, 'back'], { env })

    expect([saved, got]).toMatchObject([{ exitCode: 0 }, { exitCode: 0 }])
    expect(other.read('back')).toBe('a result')
  })
})

test('a server that is silent costs a build five seconds at most, once, and never its status', async () => {
  const { proxy, env } = await behindProxy()
  const rig = open()
  proxy.fault = { kind: 'silence' }

  const startedAt = performance.now()
  const first = await rig.taskvault(['run', 'build', ...KEYED], { env })
  const tookMs = performance.now() - startedAt
  const { connections } = proxy
  rig.write('src/a.txt', 'changed')
  const second = await rig.taskvault(['run', 'build', ...KEYED], { env })

  expect([first.exitCode, second.exitCode]).toEqual([0, 0])
  // Patience is measured where it is made; without it, half a minute is waited three times.
  expect(tookMs).toBeLessThan(15_000)
  expect(first.stderr.match(/warning:/g)).toHaveLength(1)
  expect(connections).toBeGreaterThan(0)
  expect(proxy.connections).toBe(connections)
  expect(second.stderr).not.toContain('warning:')
})

test('a restore that was killed in the middle leaves nothing that anybody could mistake for an entry', async () => {
  const { proxy, env } = await behindProxy()
  const [one, other] = [open(), open()]
  await one.taskvault(['run', 'build', ...KEYED], { env: { ...env, ...withServer(server.url) } })
  other.write('.taskvault/config.yaml', PATIENT)
  proxy.fault = { kind: 'stall', afterBytes: 1_000_000 }
  const running = other.start(['taskvault', 'run', 'build', ...KEYED], { env })
  const blobs = '.taskvault/cache/blobs'
  const isReceiving = (): boolean =>
    other.has(blobs) && readdirSync(other.resolve(blobs)).some((name) => name.startsWith('.tmp-'))
  while (!isReceiving()) await delay(5)

  process.kill(-running.pid, 'SIGKILL')
  await running.finished
  proxy.fault = { kind: 'none' }
  const doctor = await other.taskvault(['doctor'], { env })
  const again = await other.taskvault(['run', 'build', ...KEYED], { env })

  expect(running.child.signalCode).toBe('SIGKILL')
  expect(doctor.exitCode).toBe(0)
  expect(again.stderr).toContain('restored 2 files')
  expect(fingerprintOf(other)).toEqual(fingerprintOf(one))
})

test('a save that was killed while it was sent is saved here, not there, and sent by the next one', async () => {
  const { proxy, env } = await behindProxy()
  const [one, other] = [open(), open()]
  one.write('.taskvault/config.yaml', PATIENT)
  proxy.fault = { kind: 'deaf', afterBytes: 1_000_000 }
  const running = one.start(['taskvault', 'run', 'build', ...KEYED], { env })
  const audit = (): string =>
    one.has('.taskvault/cache/audit.log') ? one.read('.taskvault/cache/audit.log') : ''
  while (!audit().includes('SAVE put')) await delay(20)
  await delay(300)

  process.kill(-running.pid, 'SIGKILL')
  await running.finished
  proxy.fault = { kind: 'none' }
  const here = await one.taskvault(['run', 'build', ...KEYED], { env })
  const there = await other.taskvault(['run', 'build', ...KEYED], { env })
  const third = await open().taskvault(['run', 'build', ...KEYED], { env })

  expect(here.stderr).toContain('already in place')
  expect(there.stderr).toMatch(/saved .* and sent/)
  expect(third.stderr).toContain('restored 2 files')
})

test.each([
  ['HTTP_PROXY', 'http://'],
  ['http_proxy', ''],
])('it goes by the proxy that %s names with %j before it', async (variable, scheme) => {
  const proxy = await startForwardProxy()
  onTestFinished(async () => await proxy[Symbol.asyncDispose]())
  const env = { ...withServer(server.url), SALT: temporary() }
  const proxied = { ...env, [variable]: `${scheme}user:pass%20word@${proxy.address}` }

  const saved = await open().taskvault(['run', 'build', ...KEYED], { env: proxied })
  const passages = [...proxy.passages]
  const around = await open().taskvault(['run', 'build', ...KEYED], {
    env: { ...proxied, NO_PROXY: 'elsewhere.example,127.0.0.1' },
  })
  const inRange = await open().taskvault(['run', 'build', ...KEYED], {
    env: { ...proxied, NO_PROXY: '10.0.0.0/8,127.0.0.0/8' },
  })

  expect(saved.stderr).toMatch(/saved .* and sent/)
  const authorization = `Basic ${Buffer.from('user:pass word').toString('base64')}`
  expect(passages).not.toEqual([])
  for (const passage of passages)
    expect(passage).toEqual({ to: new URL(server.url).host, authorization })
  expect(around.stderr).toContain('restored 2 files')
  expect(inRange.stderr).toContain('restored 2 files')
  expect(proxy.passages).toEqual(passages)
})

test('a proxy that is none is a warning, and never the status of a build', async () => {
  const env = { ...withServer(server.url), SALT: temporary(), HTTP_PROXY: 'ftp://of-no-use' }

  const ran = await open().taskvault(['run', 'build', ...KEYED], { env })

  expect(ran.exitCode).toBe(0)
  expect(ran.stderr).toContain('warning: Continuing without the remote store: HTTP_PROXY is not')
  expect(ran.stderr).not.toContain('of-no-use')
})

test('a key with line ends around it is one, and what is none is told, and not shown', async () => {
  const env = { ...withServer(server.url), SALT: temporary() }
  const { key } = server

  const ran = await open().taskvault(['run', 'build', ...KEYED], {
    env: { ...env, TASKVAULT_TOKEN: `\n${key}\r\n` },
  })
  const refused = await open().taskvault(['run', 'build', ...KEYED], {
    env: { ...env, TASKVAULT_TOKEN: `${key}\n${key}` },
  })

  expect(ran.stderr).toMatch(/saved .* and sent/)
  expect(refused.exitCode).toBe(0)
  expect(refused.stderr).toContain('TASKVAULT_TOKEN contains characters that no API key has')
  expect(refused.stderr).not.toContain(key)
})

test('its token is in nothing that the command writes', async () => {
  const env = withServer(server.url)
  const rig = open()
  rig.write('.taskvault/config.yaml', `${FILES['.taskvault/config.yaml']}log_level: debug\n`)

  const ran = await rig.taskvault(['run', 'build', '--salt', temporary()], { env })
  const refused = await rig.taskvault(['run', 'build', '--salt', temporary()], {
    env: { ...env, TASKVAULT_TOKEN: 'tv_0123456789ab_secret-of-somebody' },
  })
  const shown = await rig.taskvault(['config', 'show'], { env })
  const stored = readdirSync(rig.resolve('.taskvault/cache'), { recursive: true, encoding: 'utf8' })
    .map((name) => rig.resolve(`.taskvault/cache/${name}`))
    .flatMap((name) => readIfFile(name))

  expect(refused.exitCode).toBe(0)
  expect(refused.stderr).toContain('warning: Continuing without the remote store')
  const texts = [ran, refused, shown].flatMap(({ stdout, stderr }) => [stdout, stderr])
  for (const text of [...texts, ...stored]) {
    expect(text).not.toContain(server.key)
    expect(text).not.toContain('secret-of-somebody')
  }
})

/** A key of its own for each test. */
const KEYED = ['--env', 'SALT']

function withServer(url: string): Environment {
  return { TASKVAULT_REMOTE: url, TASKVAULT_TOKEN: server.key }
}

async function behindProxy(): Promise<{ readonly proxy: FaultyProxy; readonly env: Environment }> {
  const proxy = await startFaultyProxy(Number(new URL(server.url).port))
  onTestFinished(async () => await proxy[Symbol.asyncDispose]())
  return { proxy, env: { ...withServer(`http://127.0.0.1:${proxy.port}`), SALT: temporary() } }
}

function open(): Rig {
  const rig = openRig(FILES)
  onTestFinished(async () => await rig[Symbol.asyncDispose]())
  return rig
}

/** Every file below `out`: path and digest of its bytes. */
function fingerprintOf(rig: Rig): readonly string[] {
  const names = readdirSync(rig.resolve('out'), { recursive: true, encoding: 'utf8' })
  return names
    .flatMap((name) => readIfFile(rig.resolve(`out/${name}`), name))
    .map((text) => createHash('sha256').update(text).digest('hex'))
}

function readIfFile(absolutePath: string, name = ''): readonly string[] {
  try {
    return [name + readFileSync(absolutePath, 'latin1')]
  } catch {
    // A directory.
    return []
  }
}

function temporary(): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'taskvault-share-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}
