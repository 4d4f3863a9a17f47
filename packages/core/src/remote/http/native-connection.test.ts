import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { parseTaskName } from '../../model/task.ts'
import { createMemoryObjectStore } from '../../testing/memory-object-store.ts'
import { readAll, sampleBlob, sampleDraft, sampleKey } from '../../testing/sample-blobs.ts'
import { createObjectBlobStore } from '../objects/object-blob-store.ts'
import type { RemoteStores } from '../remote-stores.ts'
import { createHttpBlobStore } from './http-blob-store.ts'
import { createHttpClient } from './http-client.ts'
import { createHttpEntryStore } from './http-entry-store.ts'
import { createNativeConnection } from './native-connection.ts'

/* The client against answers that a sound server would not give; the real server is asked elsewhere. */

const TASK = parseTaskName('build')

test('one session serves all requests, and is renewed when it ends or is refused', async () => {
  const sessions: string[] = []
  const bearers: string[] = []
  let nowMs = 0
  const stores = await connect(
    (request, response) => {
      bearers.push(String(request.headers.authorization))
      const isRevoked = bearers.length === 3
      answer(response, isRevoked ? 401 : 404, { code: isRevoked ? 'UNAUTHENTICATED' : 'NOT_FOUND' })
    },
    { sessions, now: () => nowMs },
  )
  const find = async (): Promise<unknown> => await stores.entries.find(TASK, await sampleKey())

  await Promise.all([find(), find()])
  await find()
  nowMs = 3_599_000
  await find()

  expect(sessions).toEqual(['Bearer tv_key', 'Bearer tv_key', 'Bearer tv_key'])
  expect(bearers).toEqual(
    ['tvs_1', 'tvs_1', 'tvs_1', 'tvs_2', 'tvs_3'].map((token) => `Bearer ${token}`),
  )
})

test('many who are refused at once renew the session once', async () => {
  const sessions: string[] = []
  const refused: ServerResponse[] = []
  const stores = await connect(
    (request, response) => {
      if (request.headers.authorization !== 'Bearer tvs_1')
        return answer(response, 404, { code: 'NOT_FOUND' })
      refused.push(response)
      if (refused.length < 4) return
      // One after the other, as from a server that has much to do.
      for (const [order, each] of refused.entries())
        setTimeout(() => answer(each, 401, { code: 'UNAUTHENTICATED' }), order * 50)
    },
    { sessions },
  )

  const key = await sampleKey()
  await Promise.all(Array.from({ length: 4 }, async () => await stores.entries.find(TASK, key)))

  expect(sessions).toHaveLength(2)
})

test('a renewal that fails is told to who asked for it, and to nobody later', async () => {
  const sessions: string[] = []
  let nowMs = 0
  const stores = await connect(
    (_request, response) => answer(response, 404, { code: 'NOT_FOUND' }),
    { sessions, now: () => nowMs, opens: (count) => count !== 2 },
  )
  const find = async (): Promise<unknown> => await stores.entries.find(TASK, await sampleKey())
  await find()
  nowMs = 3_599_000

  await expect(find()).rejects.toMatchObject({ code: 'REMOTE_UNAVAILABLE' })
  await find()

  expect(sessions).toHaveLength(3)
})

test('a clock that is ahead of the server’s costs no session for each request', async () => {
  const sessions: string[] = []
  const stores = await connect(
    (_request, response) => answer(response, 404, { code: 'NOT_FOUND' }),
    { sessions, now: () => 10_000_000, serverNow: () => 0 },
  )

  for (let each = 0; each < 3; each += 1) await stores.entries.find(TASK, await sampleKey())

  expect(sessions).toHaveLength(1)
})

test('a server that lets nobody in is refused with what it says', async () => {
  const stores = await connect(() => {}, { refuses: true })

  await expect(stores.entries.find(TASK, await sampleKey())).rejects.toMatchObject({
    code: 'REMOTE_REFUSED',
    message: /UNAUTHENTICATED: no \?\[31mkey/,
    hint: /TASKVAULT_TOKEN/,
  })
})

test.each<readonly [string, number, unknown]>([
  ['a 404 of something else', 404, '<html>nginx</html>'],
  ['no JSON', 200, 'hello'],
  ['no record', 200, { hello: 1 }],
  ['a list', 200, []],
  ['a redirect', 302, ''],
])('%s is no miss', async (_, status, body) => {
  const stores = await connect((_request, response) => answer(response, status, body))

  await expect(stores.entries.find(TASK, await sampleKey())).rejects.toMatchObject({
    code: 'REMOTE_INVALID',
  })
})

test.each<readonly [string, number, Readonly<Record<string, string>>, RegExp]>([
  ['a page', 200, { 'content-type': 'text/html; charset=utf-8' }, /answered with a web page/],
  ['a redirect', 302, { location: 'https://sign-in.test/?to=1' }, /to a page of sign-in\.test,/],
])('%s of a network that wants a sign-in says nothing of the store', async (...given) => {
  const [, status, headers, message] = given
  const stores = await connect((_request, response) => {
    response.writeHead(status, headers).end('<!doctype html><title>Welcome</title>')
  })
  const { name } = await sampleBlob(10)
  const refusal = { code: 'REMOTE_UNAVAILABLE', message, hint: /sign in.*browser/ }

  await expect(stores.entries.find(TASK, await sampleKey())).rejects.toMatchObject(refusal)
  await expect(stores.blobs.get(name)).rejects.toMatchObject(refusal)
})

test.each<readonly [string, unknown]>([
  ['no list', { missing: 'all' }],
  ['names that are none', { missing: ['../../etc/passwd'] }],
])('%s of what is missing is nonsense', async (_, body) => {
  const stores = await connect((_request, response) => answer(response, 200, body))
  const { name } = await sampleBlob(10)

  await expect(stores.blobs.findMissing([name])).rejects.toMatchObject({ code: 'REMOTE_INVALID' })
})

test('a blob may lie elsewhere; the token does not go there', async () => {
  const blob = await sampleBlob(1_000)
  let seen: IncomingMessage['headers'] = {}
  const bucket = await listen((request, response) => {
    seen = request.headers
    response.writeHead(206, { 'content-length': 1_000 }).end(blob.bytes)
  })
  const stores = await connect((_request, response) => {
    response.writeHead(307, { location: `${bucket}/object?signature=1` }).end()
  })

  const stream = await stores.blobs.get(blob.name, { range: { start: 0, end: 1_000 } })

  expect(await readAll(stream)).toEqual(blob.bytes)
  expect(seen.authorization).toBeUndefined()
  expect(seen.range).toBe('bytes=0-999')
})

test.each(['ftp://elsewhere/a', 'file:///etc/passwd', ''])(
  'a blob does not lie at %j',
  async (location) => {
    const stores = await connect((_request, response) =>
      response.writeHead(307, { location }).end(),
    )
    const { name } = await sampleBlob(10)

    await expect(stores.blobs.get(name)).rejects.toMatchObject({
      code: expect.stringMatching(/REMOTE_INVALID|REMOTE_UNAVAILABLE/),
    })
  },
)

test('who may not write is told so, and that is no failure', async () => {
  const stores = await connect((request, response) => {
    request.resume()
    request.on('end', () => answer(response, 403, { code: 'FORBIDDEN', message: 'not you' }))
  })
  const draft = await sampleDraft(createObjectBlobStore(createMemoryObjectStore()))

  expect(await stores.blobs.put(await sampleBlob(10))).toBe('skipped')
  expect(await stores.entries.publish(draft)).toEqual({ kind: 'skipped', because: 'not you' })
})

test('a blob that the server would not take is not sent', async () => {
  const stores = await connect(() => expect.unreachable())
  const blob = await sampleBlob(2_000_000)

  await expect(stores.blobs.put(blob)).rejects.toMatchObject({ code: 'REMOTE_REFUSED' })
})

interface Given {
  /** Filled with the authorisation of each session that is opened. */
  readonly sessions?: string[]
  readonly now?: () => number
  /** The same clock unless told. */
  readonly serverNow?: () => number
  readonly refuses?: boolean
  /** Whether the server can open the session of this number. */
  readonly opens?: (count: number) => boolean
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void

/** A client of a server that opens sessions of an hour; `handle` answers the rest. */
async function connect(handle: Handler, given: Given = {}): Promise<RemoteStores> {
  const { sessions = [], now = () => 0, serverNow = now, refuses = false } = given
  const { opens = () => true } = given
  const url = await listen((request, response) => {
    if (request.url !== '/vault/v1/session') return handle(request, response)
    if (refuses)
      return answer(response, 401, { code: 'UNAUTHENTICATED', message: 'no \u001b[31mkey' })
    sessions.push(String(request.headers.authorization))
    if (!opens(sessions.length)) return answer(response, 503, { code: 'DATABASE_UNAVAILABLE' })
    const token = `tvs_${sessions.length}`
    answer(response, 201, {
      token,
      expiresAtMs: serverNow() + 3_600_000,
      directTransfer: false,
      maxBlobBytes: 1_000_000,
    })
  })
  const http = createHttpClient()
  onTestFinished(async () => await http[Symbol.asyncDispose]())
  const connection = createNativeConnection({ url: new URL(`${url}/vault`), http, findToken, now })
  return { blobs: createHttpBlobStore(connection), entries: createHttpEntryStore(connection) }
}

async function findToken(): Promise<string> {
  return 'tv_key'
}

async function listen(handle: Handler): Promise<string> {
  const server = createServer(handle)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  response.writeHead(status, { 'content-type': 'application/json' }).end(text)
}
