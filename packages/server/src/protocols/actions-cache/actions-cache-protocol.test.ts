import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '../../database/open-database.ts'
import { openTestEngine } from '../../engine/testing/open-engine.ts'
import type { TestEngine } from '../../engine/testing/open-engine.ts'
import { addSession } from '../../engine/testing/sample-entries.ts'
import { createKnownKeys, createPrincipal } from '../../testing/known-keys.ts'
import { startTestServer } from '../../testing/start-test-server.ts'
import type { TestServer } from '../../testing/start-test-server.ts'
import { temporarySqlite } from '../../testing/temporary-database.ts'
import type { Scope } from '../../trust/principal.ts'
import { createActionsCacheProtocol } from './actions-cache-protocol.ts'
import { useClient } from './testing/use-client.ts'
import type { ClientOptions, ClientResult, ClientStep } from './testing/use-client.ts'

const MIB = 1024 ** 2
const MAIN: Scope = { level: 'protected', name: 'github:1/protected:refs/heads/main' }
const BRANCH: Scope = { level: 'branch', name: 'github:1/branch:refs/heads/topic' }

test.each(['v1', 'v2'] as const)(
  'what the client saves with %s comes back byte for byte, of any size',
  async (service) => {
    await using server = await startServer()
    const workspace = createWorkspace()
    const sizes = [0, 1, MIB]
    const contents = sizes.map((sizeBytes) => randomBytes(sizeBytes))
    for (const [at, bytes] of contents.entries())
      writeFileSync(path.join(workspace, `${at}`), bytes)

    const { returned } = await use(
      server,
      { workspace, service },
      sizes.flatMap((_, at) => [
        { do: 'save', paths: [`${at}`], key: `linux-${at}` },
        { do: 'remove', file: `${at}` },
        { do: 'restore', paths: [`${at}`], key: `linux-${at}` },
      ]),
    )

    const number = expect.any(Number)
    expect(returned).toEqual([number, 'linux-0', number, 'linux-1', number, 'linux-2'])
    expect(Number(returned[0])).toBeGreaterThan(0)
    const found = contents.map((_, at) => readFileSync(path.join(workspace, `${at}`)))
    expect(found).toEqual(contents)
  },
)

test('200 MiB travel in blocks, side by side', { timeout: 240_000 }, async () => {
  await using server = await startServer()
  const workspace = createWorkspace()
  const bytes = randomBytes(200 * MIB)
  writeFileSync(path.join(workspace, 'large'), bytes)

  const { returned } = await use(server, { workspace }, [
    { do: 'save', paths: ['large'], key: 'large' },
    { do: 'remove', file: 'large' },
    { do: 'restore', paths: ['large'], key: 'large' },
  ])

  expect(returned).toEqual([expect.any(Number), 'large'])
  expect(readFileSync(path.join(workspace, 'large')).equals(bytes)).toBe(true)
})

test.each(['v1', 'v2'] as const)(
  'restore keys find the newest that begins with them, and a key is written once (%s)',
  async (service) => {
    await using server = await startServer()
    const workspace = createWorkspace()
    const paths = ['data']

    const { returned, log } = await use(server, { workspace, service }, [
      { do: 'write', file: 'data', text: 'old' },
      { do: 'save', paths, key: 'deps-1' },
      { do: 'write', file: 'data', text: 'new' },
      { do: 'save', paths, key: 'deps-2' },
      { do: 'write', file: 'data', text: 'another' },
      { do: 'save', paths, key: 'deps-2' },
      { do: 'restore', paths, key: 'deps-3', restoreKeys: ['other-', 'deps-'] },
      { do: 'restore', paths, key: 'elsewhere', restoreKeys: ['other-'] },
    ])

    const number = expect.any(Number)
    expect(returned).toEqual([number, number, -1, 'deps-2', null])
    expect(readFileSync(path.join(workspace, 'data'), 'utf8')).toBe('new')
    expect(log).toMatch(/another job may be creating this cache/)
  },
)

test('a job that may only read is told so in words that the client knows', async () => {
  await using server = await startServer()
  const paths = ['data']

  const { returned, log } = await use(server, { workspace: createWorkspace() }, [
    { do: 'write', file: 'data', text: 'content' },
    { do: 'save', paths, key: 'k' },
    { do: 'restore', paths, key: 'k', token: 'reader' },
    { do: 'save', paths, key: 'l', token: 'reader' },
  ])

  expect(returned).toEqual([expect.any(Number), 'k', -1])
  expect(log).toMatch(/cache write denied: A fork writes nothing\./)
})

test('a branch reads what main has, its own first, and main reads nothing of it', async () => {
  await using server = await startServer()
  const paths = ['data']

  const { returned } = await use(server, { workspace: createWorkspace() }, [
    { do: 'write', file: 'data', text: 'of main' },
    { do: 'save', paths, key: 'deps-1' },
    { do: 'restore', paths, key: 'deps-1', token: 'branch' },
    { do: 'write', file: 'data', text: 'of the branch' },
    { do: 'save', paths, key: 'deps-1-more', token: 'branch' },
    { do: 'restore', paths, key: 'deps-1', token: 'branch' },
    { do: 'restore', paths, key: 'deps-1-more' },
  ])

  const number = expect.any(Number)
  // Its own, though that only begins with the key: scopes go before keys.
  expect(returned).toEqual([number, 'deps-1', number, 'deps-1-more', null])
})

test('an address opens nothing else, nothing later, and nothing when it was changed', async () => {
  await using server = await startServer()
  const { signed_upload_url: url = '' } = await call(server, 'CreateCacheEntry', { key: 'a' })
  const signature = new URL(url).searchParams.get('sig') ?? ''
  const changed = `${signature.slice(0, -3)}AAA`
  const others = [
    url.replace(/archives\/\d+/, 'archives/1'),
    url.replace(signature, changed),
    url.replace(/\?.*/, ''),
  ]

  expect(await Promise.all(others.map(put))).toEqual([401, 401, 401])
  expect((await fetch(url)).status).toBe(401)
  expect(await put(url)).toBe(201)
  server.advance(61 * 60 * 1000)
  expect(await put(url)).toBe(401)
})

test('an upload that is not what was promised does not become a cache', async () => {
  await using server = await startServer()
  const { signed_upload_url: url = '' } = await call(server, 'CreateCacheEntry', { key: 'a' })
  const early = await call(server, 'FinalizeCacheEntryUpload', { key: 'a', size_bytes: '5' })
  const list = '<BlockList><Latest>AAAA</Latest></BlockList>'
  const { status } = await fetch(`${url}&comp=blocklist`, { method: 'PUT', body: list })
  await fetch(url, { method: 'PUT', body: 'bytes' })

  const wrong = await call(server, 'FinalizeCacheEntryUpload', { key: 'a', size_bytes: '6' })
  const unknown = await call(server, 'FinalizeCacheEntryUpload', { key: 'b', size_bytes: '5' })
  const right = await call(server, 'FinalizeCacheEntryUpload', { key: 'a', size_bytes: '5' })
  const again = await call(server, 'FinalizeCacheEntryUpload', { key: 'a', size_bytes: '5' })

  expect(again).toEqual(right)
  expect(status).toBe(400)
  expect([early.ok, wrong.ok, unknown.ok, right.ok]).toEqual([false, false, false, true])
  expect(wrong.message).toBe('The cache is not whole: 5 of 6 bytes have arrived')
  expect(right.entry_id).toMatch(/^[1-9]\d{0,14}$/)
})

test.each([0, 4])('a range that brings %i bytes instead of ten is no piece', async (sentBytes) => {
  await using server = await startServer()
  const begun = await rest(server, 'POST', '', { key: 'a', version: 'v' })
  const { cacheId } = (await begun.json()) as { readonly cacheId: number }
  const ranged = { 'content-range': 'bytes 0-9/*', 'content-type': 'application/octet-stream' }
  const body = 'x'.repeat(sentBytes)

  const sent = await server.fetch(`/_apis/artifactcache/caches/${cacheId}`, {
    method: 'PATCH',
    bearer: 'writer',
    headers: ranged,
    body,
  })
  const ended = await rest(server, 'POST', `/${cacheId}`, { size: 10 })

  expect([sent.status, ended.status]).toEqual([400, 400])
  expect(await ended.json()).toMatchObject({
    code: 'REQUEST_INVALID',
    message: 'The cache is not whole: nothing came from byte 0',
  })
})

test('an archive is assembled once: other pieces do not seem to be taken', async () => {
  await using server = await startServer()
  const url = await sendBlocks(server, { key: 'a' })

  const again = await fetch(`${url}&comp=blocklist`, { method: 'PUT', body: listOf('AA==') })
  const same = await fetch(`${url}&comp=blocklist`, { method: 'PUT', body: listOf('AA==', 'BB==') })

  expect([again.status, same.status]).toEqual([409, 201])
  expect(await again.text()).toContain('<Code>ENTRY_EXISTS</Code>')
})

test('what a job sends is nothing that it has restored', async () => {
  await using server = await startServer()
  for (const key of ['first', 'second']) {
    await sendBlocks(server, { key, bearer: 'session' })
    await call(server, 'FinalizeCacheEntryUpload', { key, size_bytes: 10 }, 'session')
  }
  await call(server, 'GetCacheEntryDownloadURL', { key: 'first' }, 'session')
  await sendBlocks(server, { key: 'third', bearer: 'session' })
  await call(server, 'FinalizeCacheEntryUpload', { key: 'third', size_bytes: 10 }, 'session')

  const who = createPrincipal({ writes: MAIN, reads: [MAIN] })
  const [third, second, first] = await server.engine.list(who, {
    namespace: 'actions:v',
    limit: 10,
  })

  expect([first?.key, first?.restored]).toEqual(['first', []])
  expect([second?.key, second?.restored]).toEqual(['second', []])
  expect([third?.key, third?.restored]).toEqual(['third', [first?.id]])
})

test('one of many that begin the same key may write it', async () => {
  await using server = await startServer()

  const answers = await Promise.all(
    Array.from({ length: 16 }, () => call(server, 'CreateCacheEntry', { key: 'same' })),
  )

  expect(answers.filter(({ ok }) => ok)).toHaveLength(1)
  expect(answers.filter(({ code }) => code === 'already_exists')).toHaveLength(15)
})

test('a cache that was removed can be written again at once, by one job', async () => {
  await using server = await startServer()
  const admin = createPrincipal({ role: 'admin', writes: MAIN, reads: [MAIN] })
  const numbers: (string | undefined)[] = []
  for (let round = 0; round < 3; round += 1) {
    await sendBlocks(server, { key: 'a' })
    const { entry_id } = await call(server, 'FinalizeCacheEntryUpload', {
      key: 'a',
      size_bytes: 10,
    })
    numbers.push(entry_id)
    const [entry] = await server.engine.list(admin, { namespace: 'actions:v', limit: 1 })
    await server.engine.remove(admin, entry?.id ?? '')
  }

  const begun = await call(server, 'CreateCacheEntry', { key: 'a' })
  const another = await call(server, 'CreateCacheEntry', { key: 'a' })

  expect(new Set(numbers.filter((each) => each !== undefined)).size).toBe(3)
  expect([begun.ok, another.code]).toEqual([true, 'already_exists'])
})

test('all who complete an upload at once are told of one archive', async () => {
  await using server = await startServer()
  await sendBlocks(server, { key: 'a' })

  const finalize = (): Promise<Answered> =>
    call(server, 'FinalizeCacheEntryUpload', { key: 'a', size_bytes: 10 })
  const answers = await Promise.all(Array.from({ length: 8 }, finalize))

  expect(answers.map(({ ok }) => ok)).toEqual(Array.from({ length: 8 }, () => true))
  expect(new Set(answers.map(({ entry_id }) => entry_id)).size).toBe(1)
})

test('an upload that took too long cannot be completed, and its key is free', async () => {
  await using server = await startServer()
  await sendBlocks(server, { key: 'a' })
  server.advance(61 * 60 * 1000)

  const late = await call(server, 'FinalizeCacheEntryUpload', { key: 'a', size_bytes: 10 })
  const begun = await call(server, 'CreateCacheEntry', { key: 'a' })

  expect(late).toMatchObject({ ok: false, message: expect.stringContaining('create it again') })
  expect(begun.ok).toBe(true)
})

test('what was removed does not come back when it is completed again, in the way of the next', async () => {
  await using server = await startServer()
  const admin = createPrincipal({ role: 'admin', writes: MAIN, reads: [MAIN] })
  const first = await sendRange(server, 'first')
  const completed = await rest(server, 'POST', `/${first}`, { size: 5 })
  const repeated = await rest(server, 'POST', `/${first}`, { size: 5 })
  const [entry] = await server.engine.list(admin, { namespace: 'actions:v', limit: 1 })
  await server.engine.remove(admin, entry?.id ?? '')
  const second = await sendRange(server, 'other')

  const late = await rest(server, 'POST', `/${first}`, { size: 5 })
  const next = await rest(server, 'POST', `/${second}`, { size: 5 })
  const latest = await rest(server, 'POST', `/${first}`, { size: 5 })

  expect([completed.status, repeated.status]).toEqual([204, 204])
  expect(await late.json()).toMatchObject({ message: expect.stringContaining('removed since') })
  expect([late.status, next.status, latest.status]).toEqual([400, 204, 409])
})

test.each([
  ['no key', { key: '' }],
  ['a key with a comma', { key: 'a,b' }],
  ['a key that is too long', { key: 'x'.repeat(513) }],
  ['a version that climbs', { key: 'a', version: '../../etc' }],
])('%s is refused', async (_what, body) => {
  await using server = await startServer()

  const answer = await call(server, 'GetCacheEntryDownloadURL', body)

  expect(answer).toMatchObject({ code: 'invalid_argument', msg: expect.any(String) })
})

test.each([
  [33, 204],
  [34, 400],
  [7_000, 400],
])('%i keys to look for are answered with %i', async (count, expected) => {
  await using server = await startServer()
  const keys = Array.from({ length: count }, () => 'k').join()

  const answer = await server.fetch(`/_apis/artifactcache/cache?keys=${keys}&version=v`, {
    bearer: 'reader',
  })

  expect(answer.status).toBe(expected)
})

test('who is not known is told so, and a part of an archive can be fetched', async () => {
  await using server = await startServer()
  const stranger = await call(server, 'CreateCacheEntry', { key: 'a' }, 'guess')
  await sendBlocks(server, { key: 'a' })
  await call(server, 'FinalizeCacheEntryUpload', { key: 'a', size_bytes: 10 })
  const { signed_download_url: from = '' } = await call(server, 'GetCacheEntryDownloadURL', {
    key: 'a',
  })

  const part = await fetch(from, { headers: { range: 'bytes=3-6' } })
  const head = await fetch(from, { method: 'HEAD' })

  expect(stranger).toMatchObject({ code: 'unauthenticated' })
  expect([part.status, await part.text()]).toEqual([206, '34-6'])
  expect(head.headers.get('content-length')).toBe('10')
})

async function startServer(): Promise<TestServer & Pick<TestEngine, 'advance'>> {
  const opened = await openDatabase(temporarySqlite())
  onTestFinished(async () => await opened[Symbol.asyncDispose]())
  const { engine, now, advance } = await openTestEngine(opened)
  const writer = createPrincipal({ writes: MAIN, reads: [MAIN], role: 'engineer' })
  const server = await startTestServer({
    engine,
    protocols: [createActionsCacheProtocol(Buffer.alloc(32, 7))],
    authenticator: createKnownKeys({
      writer,
      session: await addSession(opened.database, writer),
      branch: createPrincipal({ writes: BRANCH, reads: [BRANCH, MAIN], role: 'engineer' }),
      reader: createPrincipal({
        writes: undefined,
        reads: [MAIN],
        role: 'external',
        because: 'A fork writes nothing.',
      }),
    }),
    now,
  })
  return Object.assign(server, { advance })
}

/** Ten bytes in two blocks, assembled; gives the address that they went to. */
async function sendBlocks(
  server: TestServer,
  { key, bearer = 'writer' }: { readonly key: string; readonly bearer?: string },
): Promise<string> {
  const { signed_upload_url: url = '' } = await call(server, 'CreateCacheEntry', { key }, bearer)
  for (const [id, half] of [
    ['AA==', '-1234'],
    ['BB==', '-6789'],
  ] as const) {
    const address = `${url}&comp=block&blockid=${encodeURIComponent(id)}`
    await fetch(address, { method: 'PUT', body: half })
  }
  await fetch(`${url}&comp=blocklist`, { method: 'PUT', body: listOf('AA==', 'BB==') })
  return url
}

/** Five bytes under the key `a` in the first version of the protocol; gives the number of the upload. */
async function sendRange(server: TestServer, bytes: string): Promise<number> {
  const begun = await rest(server, 'POST', '', { key: 'a', version: 'v' })
  const { cacheId } = (await begun.json()) as { readonly cacheId: number }
  await server.fetch(`/_apis/artifactcache/caches/${cacheId}`, {
    method: 'PATCH',
    bearer: 'writer',
    headers: { 'content-range': 'bytes 0-4/*', 'content-type': 'application/octet-stream' },
    body: bytes,
  })
  return cacheId
}

function listOf(...ids: readonly string[]): string {
  const blocks = ids.map((id, at) => {
    const name = at === 0 ? 'Latest' : 'Uncommitted'
    return `<${name}>${id}</${name}>`
  })
  return `<BlockList>${blocks.join('')}</BlockList>`
}

/** The status of an upload. */
async function put(address: string): Promise<number> {
  return (await fetch(address, { method: 'PUT', body: 'bytes' })).status
}

function createWorkspace(): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'taskvault-actions-cache-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

async function use(
  { url }: TestServer,
  { workspace, service = 'v2' }: Partial<ClientOptions> & Pick<ClientOptions, 'workspace'>,
  steps: readonly ClientStep[],
): Promise<ClientResult> {
  return await useClient({ workspace, url, token: 'writer', service }, steps)
}

async function rest(
  server: TestServer,
  method: string,
  address: string,
  body: Readonly<Record<string, unknown>>,
): Promise<Response> {
  return await server.fetch(`/_apis/artifactcache/caches${address}`, {
    method,
    bearer: 'writer',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}

interface Answered {
  readonly ok?: boolean
  readonly code?: string
  readonly msg?: string
  readonly message?: string
  readonly entry_id?: string
  readonly signed_upload_url?: string
  readonly signed_download_url?: string
}

async function call(
  server: TestServer,
  method: string,
  body: Readonly<Record<string, unknown>>,
  bearer = 'writer',
): Promise<Answered> {
  const answer = await server.fetch(`/twirp/github.actions.results.api.v1.CacheService/${method}`, {
    method: 'POST',
    bearer,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ version: 'v', ...body }),
  })
  return (await answer.json()) as Answered
}
