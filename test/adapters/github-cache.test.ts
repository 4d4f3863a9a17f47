import { createServer } from 'node:http'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { findGithubService, loadSettings, parseTaskName } from '@taskvault/core'
import type { BlobContent, EntryDraft, NeededBlob } from '@taskvault/core'
import {
  connectGithubStores,
  describeBlobStore,
  describeEntryStore,
  piecesOf,
  readAll,
  sampleBlob,
  sampleDraft,
  sampleKey,
} from '@taskvault/core/testing'
import type { ConnectedStores } from '@taskvault/core/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { useVaultServer } from '../rig/use-vault-server.ts'

/* Core's driver for GitHub's cache service, against the same service of a real server of ours. */

const URLS = { ACTIONS_CACHE_SERVICE_V2: 'True', ACTIONS_CACHE_URL: 'http://first/' }

const server = await useVaultServer()

describe.each(['v2', 'v1'] as const)('the cache service of GitHub, by its protocol %s', (by) => {
  const env = () => (by === 'v1' ? firstProtocol() : {})
  describeBlobStore('over its archives', async () => connect(env()).blobs)
  describeEntryStore('over its archives', async () => connect(env()), { lists: 'newest' })
})

test('what is large goes in ranges by the first protocol, and is put together', async () => {
  const { blobs } = connect(firstProtocol())
  const blob = await sampleBlob(17_000_000)

  expect(await blobs.put(blob)).toBe('stored')
  expect((await readAll(await blobs.get(blob.name))).equals(blob.bytes)).toBe(true)
})

test.each<readonly [string, Readonly<Record<string, string>>, string | undefined]>([
  ['github.com', { ACTIONS_CACHE_SERVICE_V2: 'True', ACTIONS_CACHE_URL: 'http://first/' }, 'v2'],
  ['an Enterprise Server', { GITHUB_SERVER_URL: 'https://git.example', ...URLS }, 'v1'],
  ['a tenant of ghe.com', { GITHUB_SERVER_URL: 'https://a.ghe.com', ...URLS }, 'v2'],
  ['a local runner', { ACTIONS_CACHE_URL: 'http://first/' }, 'v1'],
  ['a runner with one address', {}, 'v2'],
])('on %s, the protocol is chosen as by GitHub', (_, env, protocol) => {
  const both = { ACTIONS_RESULTS_URL: 'http://second/', ACTIONS_RUNTIME_TOKEN: 'token', ...env }
  const url = protocol === 'v1' ? 'http://first/' : 'http://second/'

  expect(findGithubService(both)).toEqual({ protocol, url, token: 'token' })
  expect(findGithubService({ ...both, ACTIONS_RUNTIME_TOKEN: '' })).toBeUndefined()
})

test('an Enterprise Server whose cache service is off has none', () => {
  const env = { GITHUB_SERVER_URL: 'https://git.example', ACTIONS_RESULTS_URL: 'http://second/' }

  expect(findGithubService({ ...env, ACTIONS_RUNTIME_TOKEN: 'token' })).toBeUndefined()
})

test('the newest entry of a task is found, and none of another task', async () => {
  const { blobs, entries } = connect()
  const task = parseTaskName(`newest-${await sampleKey()}`)
  const drafts = [await sampleDraft(blobs, { task }), await sampleDraft(blobs, { task })]
  for (const draft of drafts) {
    await entries.publish(draft)
    // The service tells times apart by milliseconds.
    await new Promise((resolve) => setTimeout(resolve, 5))
  }

  const found = await entries.list({ task, limit: 10 })

  expect(found.map(({ key }) => key)).toEqual([drafts[1]!.key])
  expect(await entries.list({ task: parseTaskName(`${task}-more`), limit: 1 })).toEqual([])
})

test.each([
  ['read', 'skipped', true],
  ['none', 'skipped', false],
  ['write-only', 'known', false],
  ['write', 'known', true],
  ['whatever comes', 'known', true],
])('the mode %s: sending is %s, reading is %s', async (mode, put, reads) => {
  const { blobs, entries } = connect()
  const draft = await sampleDraft(blobs)
  await entries.publish(draft)
  const blob = await sampleBlob(100)
  await blobs.put(blob)

  const limited = connect({ ACTIONS_CACHE_MODE: mode })

  expect(await limited.blobs.put(blob)).toBe(put)
  expect((await limited.entries.publish(draft)).kind).toBe(put)
  expect((await limited.entries.find(draft.task, draft.key)) !== undefined).toBe(reads)
  expect((await limited.blobs.get(blob.name)) !== undefined).toBe(reads)
})

const [LOOK, SEND, END] = [
  'GetCacheEntryDownloadURL',
  'CreateCacheEntry',
  'FinalizeCacheEntryUpload',
] as const

test.each<readonly [string, readonly [number, number], readonly string[]]>([
  // The entry and two blobs; then the entry, and the blobs with it.
  ['small', [100, 200], [LOOK, LOOK, LOOK, SEND, END]],
  // Before the entry the larger blob, and that it is there.
  ['larger', [100, 1_100_000], [LOOK, LOOK, LOOK, SEND, END, LOOK, SEND, END]],
])('nothing is looked for twice before a %s entry is sent', async (_, sizes, questions) => {
  const { asked, url } = await startListening()
  const stores = connect({ ACTIONS_RESULTS_URL: url })
  const [one, two] = [await sampleBlob(sizes[0]), await sampleBlob(sizes[1])]
  const draft = draftOf(await sampleDraft(connect().blobs), one, two)

  const first = await stores.entries.publish(draft)
  for (const blob of [one, two]) expect(await stores.blobs.put(blob)).toBe('stored')
  const second = await stores.entries.publish(draft)

  expect(first).toMatchObject({ kind: 'blobs-missing' })
  expect(second).toMatchObject({ kind: 'published' })
  expect(asked).toEqual(questions)
})

test('a small entry is read with its blobs by one question, and is the newest of its task by none', async () => {
  const [one, two] = [await sampleBlob(100), await sampleBlob(200)]
  const task = parseTaskName(`carried-${await sampleKey()}`)
  const draft = draftOf(await sampleDraft(connect().blobs, { task }), one, two)
  await publishWhole(connect(), draft, [one, two])
  const { asked, url } = await startListening()
  const { blobs, entries } = connect({ ACTIONS_RESULTS_URL: url })

  expect(await entries.find(task, draft.key)).toMatchObject(draft)
  expect(await readAll(await blobs.get(one.name))).toEqual(one.bytes)
  const range = { start: 50, end: 150 }
  expect(await readAll(await blobs.get(two.name, { range }))).toEqual(two.bytes.subarray(50, 150))
  await expect(async () =>
    readAll(await blobs.get(two.name, { range: { start: 50, end: 201 } })),
  ).rejects.toMatchObject({ code: 'REMOTE_INVALID' })

  expect(asked).toEqual([LOOK])
})

test('who misses an entry, asks why, and starts from the newest one asks twice', async () => {
  const { blobs, entries } = connect()
  const task = parseTaskName(`newest-${await sampleKey()}`)
  const draft = await sampleDraft(blobs, { task })
  await entries.publish(draft)
  const { asked, url } = await startListening()
  const late = connect({ ACTIONS_RESULTS_URL: url })

  expect(await late.entries.find(task, await sampleKey())).toBeUndefined()
  expect(await late.entries.list({ task, limit: 1 })).toMatchObject([draft])
  expect(await late.entries.list({ task, limit: 1 })).toMatchObject([draft])
  expect(await late.entries.find(task, draft.key)).toMatchObject(draft)

  // The second time for the entry alone, which may be in the default branch.
  expect(asked).toEqual([LOOK, LOOK])
  // What it writes itself is seen at once.
  const next = await sampleDraft(late.blobs, { task })
  expect(await late.entries.publish(next)).toMatchObject({ kind: 'published' })
  expect(await late.entries.list({ task, limit: 1 })).toMatchObject([next])
})

test('an address that has ended is asked for again', async () => {
  const blob = await sampleBlob(100)
  const addresses: string[] = []
  const stores = await against((request, response) => {
    if (request.method === 'GET') return response.writeHead(403).end()
    addresses.push(`${urlOf(request)}?sig=${addresses.length}`)
    const fields = { matched_key: keyOf(String(blob.name)), signed_download_url: addresses.at(-1) }
    return response.end(JSON.stringify({ ok: true, ...fields }))
  })

  for (let count = 0; count < 2; count += 1)
    await expect(stores.blobs.get(blob.name)).rejects.toMatchObject({ code: 'REMOTE_REFUSED' })

  expect(addresses).toHaveLength(2)
})

test('where there is no entry of a task, one question says so', async () => {
  const task = parseTaskName(`first-${await sampleKey()}`)
  const { asked, url } = await startListening()
  const { blobs, entries } = connect({ ACTIONS_RESULTS_URL: url })
  const draft = await sampleDraft(connect().blobs, { task })

  expect(await entries.find(task, draft.key)).toBeUndefined()
  expect(await entries.list({ task, limit: 1 })).toEqual([])

  expect(asked).toEqual([LOOK])
  // Of the entry itself, everybody is told anew.
  await connect().entries.publish(draft)
  expect(await entries.find(task, draft.key)).toMatchObject(draft)
  expect(await blobs.findMissing([draft.manifest.name])).toEqual([])
})

test('an entry of the default branch is found although the own branch has another one of its task', async () => {
  const { blobs, entries } = connect()
  const task = parseTaskName(`branches-${await sampleKey()}`)
  const [ofDefault, ofOwn] = [
    await sampleDraft(blobs, { task }),
    await sampleDraft(blobs, { task }),
  ]
  for (const draft of [ofDefault, ofOwn]) await entries.publish(draft)
  // All names are looked for in the own branch before the first is looked for in the default one.
  const url = await startStand((request, response) => {
    void passOn(request, response, ({ key, restore_keys: others = [], ...rest }) => {
      const inOwn = [key, ...others].find((each) => !each.includes(ofDefault.key)) ?? key
      return { ...rest, key: inOwn, restore_keys: [inOwn] }
    })
  })

  const late = connect({ ACTIONS_RESULTS_URL: url })

  expect(await late.entries.find(task, ofDefault.key)).toMatchObject(ofDefault)
})

test.each([
  ['large', 2_000_000, 'known'],
  // It would have gone with the entry.
  ['small', 100, 'stored'],
])('what somebody else has sent meanwhile stays: a %s blob', async (_, size, put) => {
  const [mine, others] = [connect(), connect()]
  const blob = await sampleBlob(size)
  const task = parseTaskName(`raced-${await sampleKey()}`)
  const draft = { ...(await sampleDraft(mine.blobs, { task })), packs: [needed(blob)] }
  expect(await mine.blobs.findMissing([blob.name])).toEqual([blob.name])
  expect(await mine.entries.publish(draft)).toMatchObject({ kind: 'blobs-missing' })

  expect(await others.blobs.put(blob)).toBe('stored')
  expect(await others.entries.publish({ ...draft })).toMatchObject({ kind: 'published' })

  expect(await mine.blobs.put(blob)).toBe(put)
  expect(await mine.entries.publish(draft)).toMatchObject({ kind: 'known', isSame: true })
})

test.each([
  ['large', 2_000_000, 'skipped'],
  ['small', 100, 'stored'],
])(
  'a job that may not write is told so, and that is no failure: a %s blob',
  async (_, size, put) => {
    const stores = await against((request, response) => {
      const isCreation = request.url?.endsWith('CreateCacheEntry') === true
      const message = 'cache write denied: this event reads only'
      response.end(JSON.stringify(isCreation ? { ok: false, message } : { ok: false }))
    })

    const blob = await sampleBlob(size)
    const draft = { ...(await sampleDraft(connect().blobs)), manifest: needed(blob), packs: [] }
    expect(await stores.entries.publish(draft)).toMatchObject({ kind: 'blobs-missing' })
    expect(await stores.blobs.put(blob)).toBe(put)
    const because = 'cache write denied: this event reads only'
    expect(await stores.entries.publish(draft)).toEqual({ kind: 'skipped', because })
  },
)

test('what another job is sending is left to that job', async () => {
  const stores = await against((request, response) => {
    if (request.url?.endsWith('CreateCacheEntry') !== true) return response.end('{"ok":false}')
    return response.writeHead(409).end('{"code":"already_exists","msg":"in use"}')
  })

  expect(await stores.blobs.put(await sampleBlob(10))).toBe('skipped')
})

test('an upload that was cut is sent again to the address that it had', async () => {
  const { blobs } = connect()
  const blob = await sampleBlob(3_000_000)
  const cut = { ...blob, open: cutPieces }

  await expect(blobs.put(cut)).rejects.toThrow('the source broke')

  expect(await blobs.put(blob)).toBe('stored')
  expect(await readAll(await blobs.get(blob.name))).toEqual(blob.bytes)
  // The control: another job has no address to go on with.
  const other = await sampleBlob(1_000)
  await expect(blobs.put({ ...other, open: cutPieces })).rejects.toThrow('the source broke')
  expect(await connect().blobs.put(other)).toBe('skipped')
})

test.each([
  [401, '', 'REMOTE_REFUSED'],
  [403, '{"msg":"cache read denied: no"}', 'REMOTE_REFUSED'],
  [404, '', 'REMOTE_REFUSED'],
  [429, '', 'REMOTE_UNAVAILABLE'],
  [500, '<html>', 'REMOTE_UNAVAILABLE'],
  [503, '', 'REMOTE_UNAVAILABLE'],
  [200, '<html>Sign in</html>', 'REMOTE_INVALID'],
  [200, '{"ok":true}', 'REMOTE_INVALID'],
  [200, '{"ok":true,"matched_key":"other","signed_download_url":"http://x/y"}', undefined],
  [200, '{"ok":true,"matched_key":"other","signed_download_url":"file:///x"}', 'REMOTE_INVALID'],
  [302, '', 'REMOTE_INVALID'],
])('%i %s is told for what it is', async (status, text, code) => {
  const stores = await against((_, response) => response.writeHead(status).end(text))
  const { name } = await sampleBlob(10)

  const attempt = stores.blobs.get(name)

  if (code === undefined) expect(await attempt).toBeUndefined()
  else await expect(attempt).rejects.toMatchObject({ code })
})

test('neither the token nor a signed address is in a message', async () => {
  const stores = await against((request, response) => {
    if (request.method === 'GET') return response.writeHead(403).end()
    const fields = {
      matched_key: keyOf(String(name)),
      signed_download_url: `${urlOf(request)}?sig=hunter2`,
    }
    return response.end(JSON.stringify({ ok: true, ...fields }))
  })
  const { name } = await sampleBlob(10)

  const failure: unknown = await stores.blobs.get(name).catch((error: unknown) => error)

  expect(failure).toMatchObject({ code: 'REMOTE_REFUSED' })
  expect(String(failure) + JSON.stringify(failure)).not.toMatch(/hunter2|secret-token/)
})

test('a configuration may name it, with nothing behind the colon', async () => {
  expect(await loadRemote('github:')).toMatchObject({ url: 'github:', mode: 'read-write' })
  await expect(loadRemote('github:owner/name')).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
})

test('where there is no such service, the words say so', () => {
  expect(() => connectGithubStores({})).toThrow(
    expect.objectContaining({
      code: 'REMOTE_REFUSED',
      message: expect.stringMatching('cache service is not available here'),
    }),
  )
})

function firstProtocol(): Readonly<Record<string, string>> {
  return { ACTIONS_CACHE_URL: `${server.url}/` }
}

async function* cutPieces(): AsyncGenerator<Uint8Array> {
  yield* piecesOf(Buffer.alloc(10))
  throw new RangeError('the source broke')
}

async function loadRemote(url: string): Promise<unknown> {
  const env = { TASKVAULT_REMOTE: url }
  return (await loadSettings({ cwd: tmpdir(), configPath: undefined, env })).remote
}

function draftOf(draft: EntryDraft, manifest: BlobContent, pack: BlobContent): EntryDraft {
  return { ...draft, manifest: needed(manifest), packs: [needed(pack)] }
}

function needed({ name, sizeBytes }: NeededBlob): NeededBlob {
  return { name, sizeBytes }
}

async function publishWhole(
  { blobs, entries }: ConnectedStores,
  draft: EntryDraft,
  contents: readonly BlobContent[],
): Promise<void> {
  await entries.publish(draft)
  for (const blob of contents) await blobs.put(blob)
  expect(await entries.publish(draft)).toMatchObject({ kind: 'published' })
}

/** Stands before the real server, and notes what is asked; bytes go to and from the server itself. */
async function startListening(): Promise<{ readonly asked: string[]; readonly url: string }> {
  const asked: string[] = []
  const url = await startStand((request, response) => {
    asked.push(request.url?.split('/').at(-1) ?? '')
    void passOn(request, response)
  })
  return { asked, url }
}

interface Question {
  readonly key: string
  readonly restore_keys?: readonly string[]
}

/** To the real server, and its answer back. */
async function passOn(
  request: IncomingMessage,
  response: ServerResponse,
  change = (question: Question): Question => question,
): Promise<void> {
  const sent = Buffer.concat(await request.toArray()).toString()
  const body = JSON.stringify(change(JSON.parse(sent) as Question))
  const { host: _, 'content-length': __, connection: ___, ...headers } = request.headers
  const answer = await fetch(new URL(request.url ?? '', server.url), {
    method: request.method ?? 'GET',
    headers: headers as Record<string, string>,
    body,
  })
  response.writeHead(answer.status, { 'content-type': 'application/json' })
  response.end(Buffer.from(await answer.arrayBuffer()))
}

function keyOf(name: string): string {
  const [algorithm = '', digest = ''] = name.split('-')
  return `taskvault/v1/blobs/${algorithm}/${digest.slice(0, 2)}/${digest}@0`
}

function urlOf({ headers }: { readonly headers: { readonly host?: string | undefined } }): string {
  return `http://${headers.host}/a/b`
}

async function against(listener: RequestListener): Promise<ConnectedStores> {
  const url = await startStand((request, response) => {
    request.resume().on('end', () => listener(request, response))
  })
  return connect({ ACTIONS_RESULTS_URL: url, ACTIONS_RUNTIME_TOKEN: 'secret-token' })
}

/** @returns its address. */
async function startStand(listener: RequestListener): Promise<string> {
  const stand = createServer(listener)
  await new Promise<void>((resolve) => stand.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    stand.closeAllConnections()
    stand.close()
  })
  return `http://127.0.0.1:${(stand.address() as AddressInfo).port}/`
}

function connect(env: Readonly<Record<string, string>> = {}): ConnectedStores {
  const stores = connectGithubStores({
    ACTIONS_RESULTS_URL: `${server.url}/some/path/`,
    ACTIONS_RUNTIME_TOKEN: server.key,
    ...env,
  })
  onTestFinished(async () => await stores[Symbol.asyncDispose]())
  return stores
}
