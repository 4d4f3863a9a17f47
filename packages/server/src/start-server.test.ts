import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import https from 'node:https'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createLogger } from './http/logging.ts'
import { loadServerSettings } from './settings/load-server-settings.ts'
import { startServer } from './start-server.ts'
import type { RunningServer } from './start-server.ts'
import { describeDatabases } from './testing/temporary-database.ts'
import { createCertificate } from './trust/testing/certificates.ts'
import type { Certificate } from './trust/testing/certificates.ts'

describeDatabases((maker) => {
  test('refuses text that no database holds, wherever it stands', async () => {
    await using server = await start(`database: ${maker.createUrl()}`)
    const ask = async (method: string, where: string, body?: object): Promise<number> => {
      const request = body === undefined ? {} : { body: JSON.stringify(body) }
      return (await server.fetch(where, { method, ...request })).status
    }
    const entry = `/v1/entries/${'ab'.repeat(19)}`

    const statuses = await Promise.all([
      ask('GET', '/v1/entries/%00'),
      ask('GET', '/v1/entries?after=%00'),
      ask('DELETE', '/v1/keys/%00'),
      ask('POST', `${entry}/quarantine`, { because: 'a\0' }),
      ask('POST', '/v1/session', { job: 'a\0' }),
      ask('POST', '/v1/tenants', { id: 'other', name: 'a\0' }),
      ask('POST', '/v1/keys', { name: 'ci', project: 'github:1\0' }),
    ])

    expect(statuses).toEqual(statuses.map(() => 400))
  })
})

describe('a server as it is put together', () => {
  test('keeps what it is given, signed by a key that it shows', async () => {
    await using server = await start()
    const bytes = randomBytes(1000)

    await put(server, bytes)
    const published = await publish(server, bytes)
    const keys = await server.json('/v1/signing-keys')

    const { record } = published as { record: { signature: { keyId: string } } }
    expect(keys).toMatchObject({ keys: [{ keyId: record.signature.keyId }] })
  })

  test('logs the address and the port that it listens on', async () => {
    await using server = await start()

    const said = server.log.map((line) => (JSON.parse(line) as { msg: string }).msg)

    expect(said).toEqual([`listening on ${new URL(server.url).host}`])
  })

  test('does not start with another secret than the one of its database', async () => {
    const directory = mkdtempSync(path.join(os.tmpdir(), 'taskvault-database-'))
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
    const shared = `database: sqlite:${directory}/server.db`
    await using _first = await start(shared)

    const second = start(shared)

    await expect(second).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(/^Cannot open the signing key tvk-\w+ of default$/),
    })
  })

  test('compares with nothing that is quarantined', async () => {
    await using server = await start()
    const bytes = randomBytes(1000)
    await put(server, bytes)
    const { record } = (await publish(server, bytes)) as { readonly record: { id: string } }
    const before = await server.fetch('/v1/tasks/build/nearest')

    await server.fetch(`/v1/entries/${record.id}/quarantine`, {
      method: 'POST',
      body: JSON.stringify({ because: 'it is a test' }),
    })
    const after = await server.fetch('/v1/tasks/build/nearest')

    expect([before.status, after.status]).toEqual([200, 404])
  })

  test('lets an administrator make keys, and forgets those that are revoked at once', async () => {
    await using server = await start()

    const made = (await server.json('/v1/keys', { method: 'POST', body: '{"name":"ci"}' })) as {
      key: { id: string }
      secret: string
    }
    const before = await server.fetch('/v1/stats', { bearer: made.secret })
    const mayNot = await server.fetch('/v1/keys', { bearer: made.secret })
    const listed = await server.fetch('/v1/keys')
    const revoked = await server.fetch(`/v1/keys/${made.key.id}`, { method: 'DELETE' })
    const after = await server.fetch('/v1/stats', { bearer: made.secret })
    const again = await server.fetch(`/v1/keys/${made.key.id}`, { method: 'DELETE' })

    expect([before.status, mayNot.status, revoked.status, after.status, again.status]).toEqual([
      200, 403, 204, 401, 404,
    ])
    const list = await listed.text()
    expect(list).toContain(made.key.id)
    expect(list).not.toContain(made.secret)
  })

  test('keeps tenants apart, which only the administrators of the first one make', async () => {
    await using server = await start()
    const bytes = randomBytes(1000)
    await put(server, bytes)
    await publish(server, bytes)
    const body = JSON.stringify({ id: 'acme', scopeBytes: 5000 })

    const made = (await server.json('/v1/tenants', { method: 'POST', body })) as {
      adminKey: string
    }
    const again = await server.fetch('/v1/tenants', { method: 'POST', body })
    const bearer = made.adminKey
    const mayNot = await server.fetch('/v1/tenants', { bearer })
    const found = await server.fetch(`/v1/tasks/build/entries/${KEY}`, { bearer })
    const blob = await server.fetch(`/v1/blobs/${nameOf(bytes)}`, { bearer })
    const missing = await server.fetch('/v1/blobs/missing', {
      bearer,
      method: 'POST',
      body: JSON.stringify({ names: [nameOf(bytes)] }),
    })
    const large = randomBytes(6000)
    const over = await server.fetch(`/v1/blobs/${nameOf(large)}`, {
      bearer,
      method: 'PUT',
      body: large,
    })
    const list = await server.json('/v1/tenants')
    const metrics = await server.fetch('/metrics', { bearer })

    expect([again.status, mayNot.status, found.status, blob.status]).toEqual([409, 403, 404, 404])
    expect(await missing.json()).toEqual({ missing: [nameOf(bytes)] })
    expect([over.status, await over.json()]).toMatchObject([403, { code: 'QUOTA_EXCEEDED' }])
    expect(list).toMatchObject({ tenants: [{ id: 'acme', scopeBytes: 5000 }, { id: 'default' }] })
    expect(metrics.status).toBe(404)
  })

  test('shows administrators the audit log of their tenant, and whether it holds', async () => {
    await using server = await start()
    const bytes = randomBytes(1000)
    await put(server, bytes)
    await publish(server, bytes)
    const body = JSON.stringify({ id: 'acme' })
    const { adminKey } = (await server.json('/v1/tenants', { method: 'POST', body })) as {
      adminKey: string
    }

    const [all, first, rest] = (await Promise.all([
      server.json('/v1/audit'),
      server.json('/v1/audit?limit=1'),
      server.json('/v1/audit?after=1'),
    ])) as AuditPage[]
    const finding = await server.json('/v1/audit/verify')
    const others = (await (
      await server.fetch('/v1/audit', { bearer: adminKey })
    ).json()) as AuditPage

    expect(all?.lines.map(({ line }) => /\] (\w+ \w+)/.exec(line)?.[1])).toEqual([
      'ACCESS key_create',
      'SAVE publish',
      'ACCESS tenant_create',
    ])
    expect(all?.lines.map(({ number }) => number)).toEqual([1, 2, 3])
    expect([first?.lines, rest?.lines]).toEqual([all?.lines.slice(0, 1), all?.lines.slice(1)])
    expect([all?.next, first?.next]).toEqual([null, 1])
    expect(finding).toEqual({ lines: 3, brokenAt: null })
    expect(others.lines.map(({ line }) => / (\w+) /.exec(line)?.[1])).toEqual(['ACCESS'])
  })

  test('says of a tenant whose name another one has that it is taken', async () => {
    await using server = await start()
    const create = async (body: object): Promise<Response> =>
      await server.fetch('/v1/tenants', { method: 'POST', body: JSON.stringify(body) })
    await create({ id: 'acme', name: 'Acme' })

    const taken = await create({ id: 'other', name: 'Acme' })

    expect([taken.status, await taken.json()]).toMatchObject([
      409,
      { message: 'There already is a tenant other, or another tenant with the name Acme' },
    ])
  })

  test('shows the numbers of every family, by protocol, task and outcome', async () => {
    await using server = await start()
    const bytes = randomBytes(1000)
    await put(server, bytes)
    await publish(server, bytes)
    await server.fetch(`/v1/tasks/build/entries/${KEY}`)
    await server.fetch(`/v1/tasks/build/entries/${'cd'.repeat(32)}`)

    const metrics = await server.text('/metrics')

    expect(metrics).toMatch(/^taskvault_cache_hits_total\{protocol="native",task="build"\} 1$/m)
    expect(metrics).toMatch(/^taskvault_cache_misses_total\{protocol="native",task="build"\} 1$/m)
    expect(metrics).toMatch(/^taskvault_cache_size_bytes 1000$/m)
    expect(metrics).toMatch(/^taskvault_evictions_total 0$/m)
    expect(metrics).toMatch(
      /^taskvault_operation_duration_seconds_count\{protocol="native",operation="blob.put",outcome="ok"\} 1$/m,
    )
  })

  test('has as many series after four hundred tasks as the first two hundred made', async () => {
    await using server = await start()
    const ask = async (from: number, to: number): Promise<number> => {
      const names = Array.from({ length: to - from }, (_, index) => `task-${from + index}"\\`)
      for (const name of names) {
        await server.fetch(`/v1/tasks/${encodeURIComponent(name)}/entries/${KEY}`)
      }
      // The first to read them adds a series of its own.
      await server.text('/metrics')
      return (await server.text('/metrics')).split('\n').length
    }

    const some = await ask(0, 210)
    const many = await ask(210, 400)

    expect(many).toBe(some)
  })

  test('shows its numbers to the people who run it, and is silent for others', async () => {
    await using closed = await start()
    await using open = await start('metrics: public\n')

    const stranger = await fetch(`${closed.url}/metrics`)
    const anybody = await fetch(`${open.url}/metrics`)

    expect([stranger.status, anybody.status]).toEqual([401, 200])
  })

  test.each([
    ['admin', 200],
    ['viewer', 200],
    ['engineer', 404],
    ['external', 404],
  ])('shows its numbers, which are of all tenants, to the role %s: %i', async (role, expected) => {
    await using server = await start()
    const made = await server.fetch('/v1/keys', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'somebody', role }),
    })
    const { secret } = (await made.json()) as { readonly secret: string }

    const answer = await fetch(`${server.url}/metrics`, {
      headers: { authorization: `Bearer ${secret}` },
    })

    expect(answer.status).toBe(expected)
  })
})

describe('TLS', () => {
  const authority = createCertificate({ name: 'our authority' })
  const host = createCertificate({ name: 'server', hosts: ['localhost'], authority })
  const client = createCertificate({ name: 'ci', uris: ['spiffe://acme/ci'], authority })
  const unnamed = createCertificate({ name: 'ci', uris: ['spiffe://acme/other'], authority })
  const stranger = createCertificate({
    name: 'ci',
    uris: ['spiffe://acme/ci'],
    authority: createCertificate({ name: 'our authority' }),
  })
  const files = {
    'server.pem': host.certificate,
    'server.key': host.key,
    'ca.pem': authority.certificate,
  }
  const accepting = `
tls: { certificate: server.pem, key: server.key, client_ca: ca.pem }
certificates: [{ uri: spiffe://acme/ci, role: viewer }]
`
  const requiring = accepting.replace('ca.pem }', 'ca.pem, client_certificates: required }')

  test('proves the server, and the caller by key or by certificate', async () => {
    await using server = await start(accepting, files)

    const byKey = await askTls(server, { ca: authority, bearer: server.adminKey })
    const byCertificate = await askTls(server, { ca: authority, client })
    const byUnnamed = await askTls(server, { ca: authority, client: unnamed })
    const byStranger = await askTls(server, { ca: authority, client: stranger })
    const byNothing = await askTls(server, { ca: authority })

    expect(server.url).toMatch(/^https:/)
    expect(byKey).toMatchObject({ status: 201, body: { role: 'admin' } })
    expect(byCertificate).toMatchObject({ status: 201, body: { role: 'viewer', writes: null } })
    expect([byUnnamed, byStranger, byNothing].map(({ status }) => status)).toEqual([401, 401, 401])
  })

  test('turns away who has no certificate where one is required', async () => {
    await using server = await start(requiring, files)

    const known = await askTls(server, { ca: authority, client })
    const none = askTls(server, { ca: authority, bearer: server.adminKey })
    const wrong = askTls(server, { ca: authority, client: stranger })

    expect(known.status).toBe(201)
    await expect(none).rejects.toThrow()
    await expect(wrong).rejects.toThrow()
  })

  test.each<readonly [string, Readonly<Record<string, string>>, RegExp]>([
    ['a certificate', { 'server.pem': 'PEM' }, /^There is no PEM certificate in .*server\.pem$/],
    ['a whole one', { 'server.pem': cut(host.certificate) }, /^A certificate in .*pem is damaged$/],
    ['a key', { 'server.key': '' }, /^There is no PEM private key in .*server\.key, or /],
    ['its key', { 'server.key': client.key }, /^The key in .*key does not belong to .*pem$/],
    ['authorities', { 'ca.pem': cut(authority.certificate) }, /^A certificate in .*ca\.pem is /],
  ])('without %s does not start, and says which file is wrong', async (_, wrong, message) => {
    const starting = start(accepting, { ...files, ...wrong })

    await expect(starting).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(message),
    })
  })

  test('is not taken for something else: plain requests and garbage end, and others are served', async () => {
    await using server = await start(accepting, files)

    await Promise.all(
      ['GET / HTTP/1.1\r\nhost: x\r\n\r\n', randomBytes(500).toString('latin1')].map((bytes) =>
        sendAndWait(server, bytes),
      ),
    )

    expect((await askTls(server, { ca: authority, client })).status).toBe(201)
  })
})

const KEY = 'ab'.repeat(32)

function cut(pem: string): string {
  return pem.replace(/\n.{8}/, '\n')
}

interface AuditPage {
  readonly lines: readonly { readonly number: number; readonly line: string }[]
  readonly next: number | null
}

interface TestServer extends RunningServer, AsyncDisposable {
  readonly log: readonly string[]
  fetch(path: string, init?: RequestInit & { readonly bearer?: string }): Promise<Response>
  json(path: string, init?: RequestInit): Promise<unknown>
  text(path: string): Promise<string>
}

async function start(
  configuration = '',
  files: Readonly<Record<string, string>> = {},
): Promise<TestServer> {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'taskvault-server-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  for (const [name, content] of Object.entries({ ...files, 'server.yaml': configuration })) {
    writeFileSync(path.join(directory, name), content)
  }
  const settings = await loadServerSettings({
    cwd: directory,
    env: {},
    configPath: 'server.yaml',
    port: 0,
    dataDirectory: 'data',
    defaultPort: 0,
  })
  const log: string[] = []
  const logger = createLogger('info', { write: (line) => void log.push(line) })
  const server = await startServer({ settings, logger, env: {}, now: Date.now })
  const started: TestServer = {
    ...server,
    log,
    fetch: async (place, { bearer = server.adminKey ?? '', ...init } = {}) =>
      await fetch(new URL(place, server.url), {
        ...init,
        headers: {
          authorization: `Bearer ${bearer}`,
          ...(typeof init.body === 'string' ? { 'content-type': 'application/json' } : {}),
        },
      }),
    json: async (place, init) => await (await started.fetch(place, init)).json(),
    text: async (place) => await (await started.fetch(place)).text(),
    [Symbol.asyncDispose]: async () => await server.close(),
  }
  return started
}

async function put(server: TestServer, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  await server.fetch(`/v1/blobs/${nameOf(bytes)}`, { method: 'PUT', body: bytes })
}

async function publish(server: TestServer, bytes: Uint8Array): Promise<unknown> {
  return await server.json(`/v1/tasks/build/entries/${KEY}`, {
    method: 'PUT',
    body: JSON.stringify({
      manifest: { name: nameOf(bytes), sizeBytes: bytes.byteLength },
      packs: [],
      sizeBytes: 1,
      fileCount: 1,
      exitCode: 0,
      durationMs: 1,
      origin: {},
    }),
  })
}

function nameOf(bytes: Uint8Array): string {
  return `sha256-${createHash('sha256').update(bytes).digest('hex')}`
}

interface TlsCaller {
  readonly ca: Certificate
  readonly client?: Certificate
  readonly bearer?: string | undefined
}

/** Opens a session over TLS. */
async function askTls(server: TestServer, { ca, client, bearer }: TlsCaller) {
  return await new Promise<{ status: number | undefined; body: unknown }>((resolve, reject) => {
    const request = https.request(
      new URL('/v1/session', server.url),
      {
        method: 'POST',
        agent: false,
        ca: ca.certificate,
        servername: 'localhost',
        ...(client === undefined ? {} : { cert: client.certificate, key: client.key }),
        headers: bearer === undefined ? {} : { authorization: `Bearer ${bearer}` },
      },
      (response) => {
        text(response).then(
          (body) => resolve({ status: response.statusCode, body: JSON.parse(body) }),
          reject,
        )
      },
    )
    request.on('error', reject)
    request.end()
  })
}

async function sendAndWait(server: TestServer, bytes: string): Promise<void> {
  const socket = net.connect(Number(new URL(server.url).port), '127.0.0.1')
  socket.on('error', () => {})
  socket.end(bytes, 'latin1')
  socket.resume()
  await new Promise((resolve) => {
    socket.once('close', resolve)
  })
}
