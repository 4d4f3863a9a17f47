import net from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { createActionsCacheProtocol } from '../../protocols/actions-cache/actions-cache-protocol.ts'
import { nativeProtocol } from '../../protocols/native/native-protocol.ts'
import { ADMIN, STRANGER, startTestServer } from '../../testing/start-test-server.ts'
import type { TestRequest, TestServer } from '../../testing/start-test-server.ts'

const BLOB = `/v1/blobs/sha256-${'ab'.repeat(32)}`
const ENTRY = `/v1/tasks/build/entries/${'ab'.repeat(32)}`
const BEARER = `authorization: Bearer ${ADMIN}\r\nconnection: close\r\n`
const SHAPE = {
  code: expect.stringMatching(/^[A-Z_]+$/),
  message: expect.stringMatching(/./),
  hint: expect.stringMatching(/./),
}

test.each<readonly [number, string, TestRequest]>([
  [400, '/v1/entries?limit=many', {}],
  [400, '/v1/blobs/missing', { method: 'POST', body: '{', headers: json() }],
  [400, '/v1/blobs/missing', { method: 'POST', body: '{"names":[1]}', headers: json() }],
  [400, '/_apis/artifactcache/cache?keys=,&version=v', {}],
  [401, '/v1/stats', { bearer: 'guess' }],
  [401, '/metrics', { bearer: 'guess' }],
  [404, '/nowhere', {}],
  [404, '/metrics', { bearer: STRANGER }],
  [404, BLOB, {}],
  [404, ENTRY, {}],
  [404, '/v1/entries/none', {}],
  [404, '/v1/entries/none/why', {}],
  [413, '/v1/session', { method: 'POST', body: 'x'.repeat(10_000), headers: json() }],
  [415, '/v1/blobs/missing', { method: 'POST', body: 'a', headers: { 'content-type': 'a/b' } }],
  [422, BLOB, { method: 'PUT', body: 'other bytes' }],
])('%i of %s says what, why, and what to do', async (status, path, init) => {
  await using server = await startServer()

  const answer = await server.fetch(path, init)

  expect([answer.status, await answer.json()]).toEqual([status, SHAPE])
})

test.each([
  ['{"names":[1]}', /^Invalid request: body\.names\.0: ./],
  ['{"names":[],"more":1}', /^Invalid request: body: .*"more"/],
])('what is wrong with %s is named by its place', async (body, message) => {
  await using server = await startServer()

  const answer = await server.fetch('/v1/blobs/missing', { method: 'POST', body, headers: json() })

  expect(await answer.json()).toMatchObject({ message: expect.stringMatching(message) })
})

test('so does what is not HTTP, says no length or host, or expects the unknown', async () => {
  await using server = await startServer()
  const ask = async (words: string): Promise<unknown> => bodyOf(await exchange(server, words))

  const answers = await Promise.all([
    ask('garbage\r\n\r\n'),
    ask(`PUT ${BLOB} HTTP/1.1\r\nhost: x\r\n${BEARER}transfer-encoding: chunked\r\n\r\n0\r\n\r\n`),
    ask('GET /v1/stats HTTP/1.1\r\nconnection: close\r\n\r\n'),
    ask('GET /v1/stats HTTP/1.1\r\nhost: x\r\nexpect: nothing\r\nconnection: close\r\n\r\n'),
  ])

  expect(answers).toEqual([SHAPE, SHAPE, SHAPE, SHAPE])
})

test('a client of Twirp finds the reason under its own names, and ours beside them', async () => {
  await using server = await startServer()

  const answer = await server.fetch(
    '/twirp/github.actions.results.api.v1.CacheService/CreateCacheEntry',
    { method: 'POST', body: '{"key":"a,b","version":"v"}', headers: json() },
  )

  expect(await answer.json()).toEqual({
    ...SHAPE,
    code: 'invalid_argument',
    msg: 'The key of a cache has no commas and no control characters',
    meta: { code: 'REQUEST_INVALID' },
  })
})

async function startServer(): Promise<TestServer> {
  return await startTestServer({
    protocols: [nativeProtocol, createActionsCacheProtocol(Buffer.alloc(32, 7))],
  })
}

function json(): Readonly<Record<string, string>> {
  return { 'content-type': 'application/json' }
}

/** All that a server says to these words until it hangs up. */
async function exchange({ url }: TestServer, words: string): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = net.connect(Number(port), hostname)
  socket.write(words)
  return await text(socket)
}

function bodyOf(answer: string): unknown {
  return JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))
}
