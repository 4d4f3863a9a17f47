import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, statSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { openRig } from '../rig/rig.ts'
import type { Rig, Running } from '../rig/rig.ts'

test.concurrent('with nothing configured, a server says where it is and who may administer it, once', async () => {
  await using rig = openRig()

  const first = await startServer(rig)
  const answer = await ask(first, '/v1/session', { method: 'POST' })
  const end = await stop(first)
  const second = await startServer(rig)

  expect(first.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  expect(first.key).toMatch(/^tv_/)
  expect([answer.status, await answer.json()]).toMatchObject([201, { role: 'admin' }])
  expect(end).toMatchObject({ exitCode: 0, signal: null })
  expect(second.key).toBeUndefined()
  expect((await ask({ ...second, key: first.key }, '/v1/stats')).status).toBe(200)
  expect((await ask({ ...second, key: 'tv_guess' }, '/v1/stats')).status).toBe(401)
})

test.concurrent('in the journal, which many may read, there is a file with the key and not the key', async () => {
  await using rig = openRig({ journal: '', elsewhere: '' })
  const { dev, ino } = statSync(rig.resolve('journal'), { bigint: true })
  const env = { JOURNAL_STREAM: `${dev}:${ino}` }
  const serve = async (data: string, log: string): Promise<string> => {
    const line = `exec taskvault serve --port 0 --data ${data} > ${log}`
    const { pid, finished } = rig.start(['sh', '-c', line], { env })
    await until(async () => rig.read(log).endsWith('\n'))
    process.kill(pid, 'SIGTERM')
    await finished
    return rig.read(log)
  }

  const [journal, elsewhere] = await Promise.all([
    serve('one', 'journal'),
    serve('two', 'elsewhere'),
  ])

  const file = rig.resolve('one/admin-key')
  expect(journal).toContain(`is only in ${file}: take it`)
  expect(journal).not.toContain('tv_')
  expect(readFileSync(file, 'utf8')).toMatch(/^tv_\S+\n$/)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(elsewhere).toMatch(/only this once: tv_/)
  expect(rig.has('two/admin-key')).toBe(false)
})

test.concurrent('what was acknowledged is there after the server was killed', async () => {
  await using rig = openRig()
  const first = await startServer(rig)
  const bytes = randomBytes(300_000)
  const stored = await put(first, bytes)
  const published = await publish(first, bytes)
  process.kill(-first.running.pid, 'SIGKILL')
  await first.running.finished

  const second = { ...(await startServer(rig)), key: first.key }
  const found = await ask(second, `/v1/tasks/build/entries/${KEY}`)
  const got = await ask(second, `/v1/blobs/${nameOf(bytes)}`)

  expect([stored.status, published.status, found.status]).toEqual([201, 201, 200])
  expect(Buffer.from(await got.arrayBuffer()).equals(bytes)).toBe(true)
})

test.concurrent('asked to end, a server turns unready first, and lets what runs come to its end', async () => {
  await using rig = openRig({
    'server.yaml': 'drain: { notice_seconds: 10, timeout_seconds: 30 }\n',
  })
  const server = await startServer(rig, ['--config', 'server.yaml'])
  const { bytes, rest } = await beginTransfer(server)

  process.kill(server.running.pid, 'SIGTERM')
  const ready = await until(async () => (await ask(server, '/readyz')).status === 503)
  const alive = await ask(server, '/healthz')
  const served = await ask(server, '/v1/stats')
  const isRefused = await until(async () => await isRefusing(server))
  const transferred = await rest()
  const end = await server.running.finished

  expect([ready, alive.status, served.status, isRefused]).toEqual([true, 200, 200, true])
  expect(served.headers.get('connection')).toBe('close')
  expect(transferred.equals(bytes)).toBe(true)
  expect(end).toMatchObject({ exitCode: 0, signal: null })
})

test.concurrent('without time to drain, a transfer is cut, and seen to be (control)', async () => {
  await using rig = openRig({ 'server.yaml': 'drain: { timeout_seconds: 0 }\n' })
  const server = await startServer(rig, ['--config', 'server.yaml'])
  const { rest } = await beginTransfer(server)

  await stop(server)

  await expect(rest()).rejects.toThrow('terminated')
})

test.concurrent('its log tells no key, and no name of what is stored', async () => {
  await using rig = openRig({ 'server.yaml': 'log_level: debug\n' })
  const server = await startServer(rig, ['--config', 'server.yaml'])
  const session = (await (await ask(server, '/v1/session', { method: 'POST' })).json()) as {
    token: string
  }
  const bytes = randomBytes(1000)
  await put(server, bytes)
  await publish({ ...server, key: session.token }, bytes)
  await ask({ ...server, key: 'tv_0123456789ab_leaked-secret-of-somebody' }, '/v1/stats')
  await ask(server, '/v1/keys', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"name":"ci","role":"viewer"}',
  })
  const { stderr } = await stop(server)

  expect(stderr).toMatch(/"route":"\/v1\/tasks\/:task\/entries\/:key"/)
  expect(stderr).toMatch(/"status":401/)
  for (const secret of [
    server.key!,
    session.token,
    'leaked-secret-of-somebody',
    'tv_',
    'tvs_',
    KEY,
  ]) {
    expect(stderr).not.toContain(secret)
  }
  expect(statSync(rig.resolve('data/secret')).mode & 0o077).toBe(0)
})

test.concurrent.each([
  [['--host', '0.0.0.0', '--config', 'open.yaml'], 78, /Without authentication/],
  [
    ['--config', 'wrong.yaml'],
    78,
    /wrong\.yaml:2:7: port: "http" is not allowed; use a whole number/,
  ],
  [['--config', 'absent.yaml'], 78, /no configuration file absent\.yaml/],
  [['--port', 'http'], 64, /Use a number from 0 to 65535/],
  [['--config', 'tls.yaml'], 78, /There is no file .*server\.pem/],
  [['--config', 'database.yaml'], 69, /database/i],
])('taskvault serve %j ends with %i and says why', async (words, exitCode, message) => {
  await using rig = openRig({
    'open.yaml': 'authentication: none\n',
    'wrong.yaml': '# The port of the web\nport: http\n',
    'tls.yaml': 'tls: { certificate: server.pem, key: server.key }\n',
    'database.yaml': 'database: postgres://nobody:hunter2@127.0.0.1:1/none\n',
  })

  const {
    exitCode: actual,
    stdout,
    stderr,
  } = await rig.taskvault(['serve', '--data', 'data', ...words])

  expect([actual, stdout]).toEqual([exitCode, ''])
  expect(stderr).toMatch(message)
  expect(stderr).not.toMatch(/hunter2|at .*\.m?js/)
})

test.concurrent('a port that is taken is named', async () => {
  await using rig = openRig()
  const server = await startServer(rig)
  const { port } = new URL(server.url)

  const second = await rig.taskvault(['serve', '--data', 'other', '--port', port])

  expect(second.exitCode).toBe(78)
  expect(second.stderr).toContain(`Could not listen on 127.0.0.1:${port}: something else does`)
})

const KEY = 'ab'.repeat(32)

interface Served {
  readonly url: string
  readonly key: string | undefined
  readonly running: Running
}

/** Starts a server on a free port, with its data in the project; resolves once it has said where. */
async function startServer(rig: Rig, words: readonly string[] = []): Promise<Served> {
  const running = rig.start([
    'taskvault',
    'serve',
    '--port',
    '0',
    '--data',
    'data',
    '--json',
    ...words,
  ])
  let stdout = ''
  while (!stdout.includes('\n')) {
    const said = once(running.child.stdout!, 'data')
    const first = await Promise.race([said, running.finished])
    if ('exitCode' in first) throw new Error(`It ended: ${first.stderr}`)
    stdout += String(first[0])
  }
  const { url, adminKey: key } = JSON.parse(stdout) as { url: string; adminKey?: string }
  return { url, key, running }
}

async function stop({ running }: Served) {
  process.kill(running.pid, 'SIGTERM')
  return await running.finished
}

/** Stores a blob larger than what connections buffer, and begins to fetch it. */
async function beginTransfer(server: Served) {
  const bytes = randomBytes(40 * 1024 ** 2)
  await put(server, bytes)
  const reader = (await ask(server, `/v1/blobs/${nameOf(bytes)}`)).body!.getReader()
  const pieces = [(await reader.read()).value!]
  const rest = async (): Promise<Buffer> => {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return Buffer.concat(pieces)
      pieces.push(value)
    }
  }
  return { bytes, rest }
}

async function isRefusing(server: Served): Promise<boolean> {
  return await ask(server, '/v1/stats').then(
    () => false,
    () => true,
  )
}

/** Whether it comes true within half a minute. */
async function until(isTrue: () => Promise<boolean>): Promise<boolean> {
  const endMs = performance.now() + 30_000
  while (performance.now() < endMs) {
    if (await isTrue()) return true
    await delay(50)
  }
  return false
}

async function ask({ url, key }: Served, path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { authorization: `Bearer ${key}`, ...(init.headers as Record<string, string>) }
  return await fetch(new URL(path, url), { ...init, headers })
}

function nameOf(bytes: Uint8Array): string {
  return `sha256-${createHash('sha256').update(bytes).digest('hex')}`
}

async function put(server: Served, bytes: Uint8Array<ArrayBuffer>): Promise<Response> {
  return await ask(server, `/v1/blobs/${nameOf(bytes)}`, { method: 'PUT', body: bytes })
}

async function publish(server: Served, manifest: Uint8Array): Promise<Response> {
  return await ask(server, `/v1/tasks/build/entries/${KEY}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      manifest: { name: nameOf(manifest), sizeBytes: manifest.byteLength },
      packs: [],
      sizeBytes: 1,
      fileCount: 1,
      exitCode: 0,
      durationMs: 1,
      origin: {},
    }),
  })
}
