import { createHash, randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createKnownKeys, createPrincipal } from '../../testing/known-keys.ts'
import { ADMIN, STRANGER, startTestServer } from '../../testing/start-test-server.ts'
import type { TestServer } from '../../testing/start-test-server.ts'

const KEY = 'ab'.repeat(32)

describe('blobs', () => {
  test('come back as they were sent, and are known the second time', async () => {
    await using server = await startTestServer()
    const bytes = randomBytes(700_000)

    const stored = await put(server, bytes)
    const again = await put(server, bytes)
    const got = await server.fetch(`/v1/blobs/${nameOf(bytes)}`)

    expect([stored.status, again.status, got.status]).toEqual([201, 200, 200])
    expect(Object.fromEntries(got.headers)).toMatchObject({
      etag: `"${nameOf(bytes)}"`,
      'content-length': '700000',
      'accept-ranges': 'bytes',
    })
    expect(Buffer.from(await got.arrayBuffer()).equals(bytes)).toBe(true)
  })

  test('may be empty', async () => {
    await using server = await startTestServer()
    const bytes = Buffer.alloc(0)

    const stored = await put(server, bytes)
    const got = await server.fetch(`/v1/blobs/${nameOf(bytes)}`)

    expect([stored.status, got.status, await got.text()]).toEqual([201, 200, ''])
  })

  test.each([
    ['bytes=0-9', 206, 'bytes 0-9/1000', 0, 10],
    ['bytes=990-', 206, 'bytes 990-999/1000', 990, 1000],
    ['bytes=990-5000', 206, 'bytes 990-999/1000', 990, 1000],
    ['bytes=-3', 206, 'bytes 997-999/1000', 997, 1000],
    ['bytes=-5000', 200, null, 0, 1000],
    ['bytes=0-', 200, null, 0, 1000],
    ['bytes=1-0', 200, null, 0, 1000],
    ['bytes=0-1,5-6', 200, null, 0, 1000],
    ['lines=0-1', 200, null, 0, 1000],
  ])('%s is answered with %i', async (range, status, contentRange, start, end) => {
    await using server = await startTestServer()
    const bytes = randomBytes(1000)
    await put(server, bytes)

    const got = await server.fetch(`/v1/blobs/${nameOf(bytes)}`, { headers: { range } })

    expect(got.status).toBe(status)
    expect(got.headers.get('content-range')).toBe(contentRange)
    expect(Buffer.from(await got.arrayBuffer())).toEqual(bytes.subarray(start, end))
  })

  test('refuse a range that lies behind their end, and say where that is', async () => {
    await using server = await startTestServer()
    const bytes = randomBytes(1000)
    await put(server, bytes)

    const got = await server.fetch(`/v1/blobs/${nameOf(bytes)}`, {
      headers: { range: 'bytes=1000-' },
    })

    expect(got.status).toBe(416)
    expect(got.headers.get('content-range')).toBe('bytes */1000')
    expect(await got.json()).toMatchObject({ code: 'REQUEST_INVALID' })
  })

  test('are sent whole when the condition of a range names other bytes', async () => {
    await using server = await startTestServer()
    const bytes = randomBytes(1000)
    await put(server, bytes)

    const got = await server.fetch(`/v1/blobs/${nameOf(bytes)}`, {
      headers: { range: 'bytes=0-9', 'if-range': '"sha256-00"' },
    })

    expect(got.status).toBe(200)
    expect((await got.arrayBuffer()).byteLength).toBe(1000)
  })

  test.each([
    ['the name', (tag: string) => tag],
    ['the name among others', (tag: string) => `"sha256-00", ${tag}`],
    ['the name, as a proxy that compresses passes it on', (tag: string) => `W/${tag}`],
    ['anything', () => '*'],
  ])('are not sent to who has them and says so by %s', async (_, condition) => {
    await using server = await startTestServer()
    const bytes = randomBytes(1000)
    await put(server, bytes)

    const got = await server.fetch(`/v1/blobs/${nameOf(bytes)}`, {
      headers: { 'if-none-match': condition(`"${nameOf(bytes)}"`) },
    })

    expect([got.status, await got.text()]).toEqual([304, ''])
  })

  test('are sent to who has others', async () => {
    await using server = await startTestServer()
    const bytes = randomBytes(1000)
    await put(server, bytes)

    const got = await server.fetch(`/v1/blobs/${nameOf(bytes)}`, {
      headers: { 'if-none-match': '"sha256-00", W/"sha256-01"' },
    })

    expect(got.status).toBe(200)
  })

  test('are not there for who says to have them, and has them from elsewhere', async () => {
    await using server = await startTestServer()
    const name = nameOf(randomBytes(1000))

    const got = await server.fetch(`/v1/blobs/${name}`, {
      headers: { 'if-none-match': `"${name}"` },
    })

    expect(got.status).toBe(404)
  })

  test('tell their size without their bytes', async () => {
    await using server = await startTestServer()
    const bytes = randomBytes(1000)
    await put(server, bytes)

    const there = await server.fetch(`/v1/blobs/${nameOf(bytes)}`, { method: 'HEAD' })
    const absent = await server.fetch(`/v1/blobs/sha256-${KEY}`, { method: 'HEAD' })

    expect([there.status, there.headers.get('content-length')]).toEqual([200, '1000'])
    expect(absent.status).toBe(404)
  })

  test('with other bytes than their name says are refused, and nothing is left', async () => {
    await using server = await startTestServer()
    const name = `sha256-${KEY}`

    const stored = await put(server, randomBytes(1000), name)
    const got = await server.fetch(`/v1/blobs/${name}`)

    expect([stored.status, await codeOf(stored)]).toEqual([422, 'BLOB_CORRUPT'])
    expect([got.status, await codeOf(got)]).toEqual([404, 'NOT_FOUND'])
  })

  test('that are larger than allowed are refused before they are sent', async () => {
    await using server = await startTestServer({ limits: { maxBlobBytes: 1000 } })

    const sent = await put(server, randomBytes(1001))
    const planned = await post(server, '/v1/blobs/uploads', {
      blobs: [{ name: `sha256-${KEY}`, sizeBytes: 1001 }],
    })

    expect([sent.status, await codeOf(sent)]).toEqual([413, 'REQUEST_TOO_LARGE'])
    expect([planned.status, await codeOf(planned)]).toEqual([413, 'REQUEST_TOO_LARGE'])
  })

  test('are asked for many at once, and planned where missing', async () => {
    await using server = await startTestServer()
    const here = randomBytes(10)
    await put(server, here)
    const names = [nameOf(here), `sha256-${KEY}`]

    const missing = await post(server, '/v1/blobs/missing', { names })
    const planned = await post(server, '/v1/blobs/uploads', {
      blobs: names.map((name) => ({ name, sizeBytes: 10 })),
    })

    expect(await missing.json()).toEqual({ missing: [`sha256-${KEY}`] })
    expect(await planned.json()).toEqual({
      uploads: [
        { name: `sha256-${KEY}`, method: 'PUT', url: `/v1/blobs/sha256-${KEY}`, headers: {} },
      ],
    })
  })

  test('lie in the bucket where the server says so', async () => {
    await using memory = await startTestServer()
    const engine = Object.assign(Object.create(memory.engine), {
      signDownload: async () => ({
        method: 'GET',
        url: 'https://bucket.test/x?sig=1',
        headers: {},
      }),
    })
    await using server = await startTestServer({ engine, isDirect: true })

    const got = await server.fetch(`/v1/blobs/sha256-${KEY}`, { redirect: 'manual' })

    expect([got.status, got.headers.get('location')]).toEqual([307, 'https://bucket.test/x?sig=1'])
    expect(got.headers.get('cache-control')).toBe('no-store')
  })
})

describe('entries', () => {
  test('are published once all their blobs are there', async () => {
    await using server = await startTestServer()
    const bytes = randomBytes(100)

    const early = await publish(server, bytes)
    await put(server, bytes)
    const first = await publish(server, bytes)
    const again = await publish(server, bytes)
    const found = await server.fetch(`/v1/tasks/unit%2Ftests/entries/${KEY}`)

    expect([early.status, await early.json()]).toMatchObject([
      409,
      { code: 'BLOBS_MISSING', names: [nameOf(bytes)] },
    ])
    expect([first.status, again.status, found.status]).toEqual([201, 200, 200])
    expect(await found.json()).toMatchObject({
      task: 'unit/tests',
      key: KEY,
      manifest: { name: nameOf(bytes), sizeBytes: 100 },
      packs: [],
      exitCode: 0,
      origin: { branch: 'main' },
      scope: 'test:1/protected:refs/heads/main',
    })
  })

  test('are write-once', async () => {
    await using server = await startTestServer()
    const [first, second] = [randomBytes(100), randomBytes(100)]
    for (const bytes of [first, second]) await put(server, bytes)
    await publish(server, first)

    const other = await publish(server, second)

    expect(other.status).toBe(409)
    expect(await other.json()).toMatchObject({
      code: 'ENTRY_EXISTS',
      record: { manifest: { name: nameOf(first) } },
    })
  })

  test('are listed page by page, shown, explained and removed', async () => {
    await using server = await startTestServer()
    const bytes = randomBytes(100)
    await put(server, bytes)
    for (const key of [KEY, 'cd'.repeat(32), 'ce'.repeat(32)]) await publish(server, bytes, key)

    const first = await jsonOf(server.fetch('/v1/entries?limit=2'))
    const rest = await jsonOf(server.fetch(`/v1/entries?limit=2&after=${first['next']}`))
    const prefixed = await jsonOf(server.fetch('/v1/entries?task=unit/tests&keyPrefix=c'))
    const id = (rest['entries'] as { id: string }[])[0]?.id
    const why = await jsonOf(server.fetch(`/v1/entries/${id}/why`))
    const removed = await server.fetch(`/v1/entries/${id}`, { method: 'DELETE' })
    const gone = await server.fetch(`/v1/entries/${id}`)

    expect([first['entries'], rest['entries'], prefixed['entries']].map(lengthOf)).toEqual([
      2, 1, 2,
    ])
    expect(rest['next']).toBeNull()
    expect(why).toMatchObject({ entry: { id, key: KEY }, restored: [] })
    expect([removed.status, gone.status]).toEqual([204, 404])
  })

  test('are found as the newest of their task', async () => {
    await using server = await startTestServer()
    const bytes = randomBytes(100)
    await put(server, bytes)
    for (const key of [KEY, 'cd'.repeat(32)]) await publish(server, bytes, key)

    const nearest = await server.fetch('/v1/tasks/unit%2Ftests/nearest')
    const none = await server.fetch('/v1/tasks/lint/nearest')

    expect(await nearest.json()).toMatchObject({ key: 'cd'.repeat(32) })
    expect([none.status, await codeOf(none)]).toEqual([404, 'NOT_FOUND'])
  })

  test('are taken back by task, or with all that was made from them', async () => {
    await using server = await startTestServer()
    const bytes = randomBytes(100)
    await put(server, bytes)
    const { record } = (await jsonOf(publish(server, bytes))) as { record: { id: string } }

    const quarantined = await post(server, `/v1/entries/${record.id}/quarantine`, {
      because: 'bad',
    })
    await publish(server, bytes)
    const all = await post(server, '/v1/invalidate', {})
    const task = await post(server, '/v1/invalidate', { task: 'unit/tests' })

    expect(await quarantined.json()).toEqual({ quarantined: [record.id] })
    expect([all.status, await codeOf(all)]).toEqual([400, 'REQUEST_INVALID'])
    expect(await task.json()).toEqual({ count: 1 })
  })

  test('of another tenant do not exist', async () => {
    await using server = await startTestServer()
    const bytes = randomBytes(100)
    await put(server, bytes)
    const { record } = (await jsonOf(publish(server, bytes))) as { record: { id: string } }
    const bearer = STRANGER

    const answers = await Promise.all([
      server.fetch(`/v1/tasks/unit%2Ftests/entries/${KEY}`, { bearer }),
      server.fetch(`/v1/entries/${record.id}`, { bearer }),
      server.fetch(`/v1/entries/${record.id}`, { bearer, method: 'DELETE' }),
      server.fetch(`/v1/blobs/${nameOf(bytes)}`, { bearer }),
    ])
    const missing = await post(server, '/v1/blobs/missing', { names: [nameOf(bytes)] }, bearer)

    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404])
    expect(await missing.json()).toEqual({ missing: [nameOf(bytes)] })
  })
})

describe('sessions', () => {
  test('say what they may do, and end when they are closed', async () => {
    await using server = await startTestServer()

    const opened = await server.fetch('/v1/session', { method: 'POST' })
    const session = (await opened.json()) as { token: string }
    const bearer = session.token
    const during = await server.fetch('/v1/stats', { bearer })
    const closed = await server.fetch('/v1/session', { method: 'DELETE', bearer })
    const after = await server.fetch('/v1/stats', { bearer })

    expect(opened.status).toBe(201)
    expect(session).toMatchObject({
      tenant: 'default',
      role: 'admin',
      writes: 'test:1/protected:refs/heads/main',
      reads: ['test:1/protected:refs/heads/main'],
      directTransfer: false,
    })
    expect([during.status, closed.status, after.status]).toEqual([200, 204, 401])
  })

  test('are opened only so often from one address', async () => {
    await using server = await startTestServer({
      limits: { sessions: { perSecond: 0.001, burst: 2 } },
    })

    const opened = await inTurn(3, () => server.fetch('/v1/session', { method: 'POST' }))

    expect(opened.map(({ status }) => status)).toEqual([201, 201, 429])
    expect(Number(opened[2]?.headers.get('retry-after'))).toBeGreaterThan(900)
  })
})

describe('requests', () => {
  test('without a key that is known are refused', async () => {
    await using server = await startTestServer()

    const unknown = await server.fetch('/v1/stats', { bearer: 'guess' })
    const none = await fetch(`${server.url}/v1/stats`)

    expect([unknown.status, none.status]).toEqual([401, 401])
    expect(none.headers.get('www-authenticate')).toBe('Bearer')
    expect(await none.json()).toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  test('in a row authenticate once', async () => {
    const authenticator = createKnownKeys({ [ADMIN]: createPrincipal() })
    await using server = await startTestServer({ authenticator })

    await inTurn(20, () => server.fetch('/v1/stats'))

    expect(authenticator.asked()).toBe(1)
  })

  test('are counted for each tenant, and refused with a time to wait', async () => {
    await using server = await startTestServer({
      limits: { requests: { perSecond: 0.1, burst: 3 } },
    })

    const own = await inTurn(4, () => server.fetch('/v1/stats'))
    const other = await server.fetch('/v1/stats', { bearer: STRANGER })

    expect(own.map(({ status }) => status)).toEqual([200, 200, 200, 429])
    expect(own[3]?.headers.get('retry-after')).toBe('10')
    expect(await own[3]?.json()).toMatchObject({ code: 'RATE_LIMITED' })
    expect(other.status).toBe(200)
  })

  test('are refused once too many bytes went through', async () => {
    await using server = await startTestServer({
      limits: { bytes: { perSecond: 100, burst: 1000 } },
    })
    const bytes = randomBytes(5000)

    const stored = await put(server, bytes)
    const got = await server.fetch(`/v1/blobs/${nameOf(bytes)}`)

    expect([stored.status, got.status]).toEqual([201, 429])
    expect(Number(got.headers.get('retry-after'))).toBeGreaterThan(30)
  })

  test.each([
    ['a field that nobody knows', { names: [], force: true }],
    ['a name with a path', { names: ['sha256-../../etc/passwd'] }],
    ['names that are none', { names: [1] }],
    ['no names', {}],
    ['too many', { names: Array.from({ length: 10_001 }, () => `sha256-${KEY}`) }],
    ['a prototype', '{"names":[],"__proto__":{"a":1}}'],
    ['no JSON', '{"names":'],
  ])('with %s are refused', async (_what, body) => {
    await using server = await startTestServer()

    const answer = await post(server, '/v1/blobs/missing', body)

    expect([answer.status, await codeOf(answer)]).toEqual([400, 'REQUEST_INVALID'])
  })

  test('to nowhere are told so in the same shape', async () => {
    await using server = await startTestServer()

    const answers = await Promise.all(
      ['/v2/x', '/v1/blobs', '/', '/v1/blobs/%2e%2e%2f%2e%2e', '/v1/tasks/a/../../etc'].map(
        (path) => server.fetch(path),
      ),
    )

    for (const answer of answers) {
      expect(answer.status).toBeGreaterThanOrEqual(400)
      expect(await answer.json()).toMatchObject({
        code: expect.stringMatching(/^(NOT_FOUND|REQUEST_INVALID)$/),
      })
    }
  })
})

function nameOf(bytes: Uint8Array): string {
  return `sha256-${createHash('sha256').update(bytes).digest('hex')}`
}

async function put(server: TestServer, bytes: Uint8Array<ArrayBuffer>, name = nameOf(bytes)) {
  const headers = { 'content-type': 'application/octet-stream' }
  return await server.fetch(`/v1/blobs/${name}`, { method: 'PUT', body: bytes, headers })
}

async function post(server: TestServer, path: string, body: unknown, bearer = ADMIN) {
  return await server.fetch(path, {
    method: 'POST',
    bearer,
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  })
}

/** Publishes an entry whose manifest is `bytes`. */
async function publish(server: TestServer, bytes: Uint8Array, key = KEY) {
  return await server.fetch(`/v1/tasks/unit%2Ftests/entries/${key}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      manifest: { name: nameOf(bytes), sizeBytes: bytes.byteLength },
      packs: [],
      sizeBytes: 4711,
      fileCount: 3,
      exitCode: 0,
      durationMs: 12.5,
      origin: { branch: 'main' },
    }),
  })
}

async function codeOf(answer: Response): Promise<unknown> {
  return ((await answer.json()) as { code: unknown }).code
}

async function jsonOf(answer: Promise<Response>): Promise<Record<string, unknown>> {
  return (await (await answer).json()) as Record<string, unknown>
}

function lengthOf(list: unknown): number {
  return (list as unknown[]).length
}

async function inTurn<Result>(times: number, work: () => Promise<Result>): Promise<Result[]> {
  const results: Result[] = []
  for (let index = 0; index < times; index += 1) results.push(await work())
  return results
}
