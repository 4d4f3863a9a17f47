import { expect, onTestFinished, test } from 'vitest'
import { describeObjectSigner } from '../../testing/describe-object-signer.ts'
import { contentOf, describeObjectStore } from '../../testing/describe-object-store.ts'
import { readAll, sampleBytes } from '../../testing/sample-blobs.ts'
import { startStrictS3Server } from '../../testing/strict-s3-server.ts'
import type { StrictS3Server } from '../../testing/strict-s3-server.ts'
import { createHttpClient } from '../http/http-client.ts'
import type { ObjectStore } from '../objects/object-store.ts'
import { openS3ObjectStore } from './open-s3-object-store.ts'

describeObjectStore('a bucket (strict stand-in)', async () => (await openBucket()).store)
describeObjectSigner('a bucket (strict stand-in)', async () => (await openBucket()).store)

test('keeps its objects below the prefix of its address', async () => {
  const { store, server } = await openBucket()

  await store.putIfAbsent('a/b', contentOf(sampleBytes(1)))

  expect([...server.objects.keys()]).toEqual(['some/prefix/a/b'])
})

test('signs with a temporary token, too', async () => {
  const { server } = await openBucket()
  const store = openS3(server, { AWS_SESSION_TOKEN: 'a token' })

  expect(await store.putIfAbsent('a', contentOf(sampleBytes(1)))).toBe(true)
})

test('credentials may have line ends around them', async () => {
  const { server } = await openBucket()
  const store = openS3(server, {
    AWS_ACCESS_KEY_ID: `${server.env['AWS_ACCESS_KEY_ID']}\n`,
    AWS_SECRET_ACCESS_KEY: ` ${server.env['AWS_SECRET_ACCESS_KEY']}\r\n`,
    AWS_SESSION_TOKEN: '\n',
  })

  expect(await store.putIfAbsent('a', contentOf(sampleBytes(1)))).toBe(true)
})

test('a wrong secret is refused, and is in no message', async () => {
  const { server } = await openBucket()
  const store = openS3(server, { AWS_SECRET_ACCESS_KEY: 'hunter2hunter2' })

  const failure = await store.head('a').then(String, (error: unknown) => error)
  const second = await store.get('a').then(String, (error: unknown) => error)

  expect(failure).toMatchObject({ code: 'REMOTE_REFUSED' })
  expect(second).toMatchObject({ code: 'REMOTE_REFUSED', message: /SignatureDoesNotMatch/ })
  expect(JSON.stringify([failure, second]) + String(second)).not.toContain('hunter2')
})

test('says which credentials are missing', async () => {
  const { server } = await openBucket()

  expect(() => openS3(server, { AWS_ACCESS_KEY_ID: '' })).toThrow(
    expect.objectContaining({ code: 'REMOTE_REFUSED' }),
  )
})

test.each([500, 503, 429, 409])('a bucket that answers %i may work later', async (status) => {
  const { store, server } = await openBucket()
  server.interfere((_, response) => response.writeHead(status, { 'retry-after': '3' }).end())

  const attempt = store.get('a')

  await expect(attempt).rejects.toMatchObject({
    code: 'REMOTE_UNAVAILABLE',
    cause: { afterMs: 3_000 },
  })
})

test('a bucket in another region says so', async () => {
  const { store, server } = await openBucket()
  server.interfere((_, response) =>
    response.writeHead(301, { 'x-amz-bucket-region': 'eu-central-1' }).end(),
  )

  await expect(store.get('a')).rejects.toMatchObject({
    code: 'REMOTE_REFUSED',
    hint: /region=eu-central-1/,
  })
})

test.each([
  ['ExpiredToken', '', /new temporary credentials/],
  ['InvalidToken', '', /new temporary credentials/],
  ['AuthorizationHeaderMalformed', '<Region>eu-central-1</Region>', /region=eu-central-1/],
  ['AuthorizationHeaderMalformed', '', /region=…/],
])('of a %s with %j it says what to do', async (code, more, hint) => {
  const { store, server } = await openBucket()
  server.interfere((_, response) =>
    response.writeHead(400).end(`<Error><Code>${code}</Code>${more}</Error>`),
  )

  await expect(store.get('a')).rejects.toMatchObject({ code: 'REMOTE_REFUSED', hint })
})

test('an answer that breaks off is no end', async () => {
  const { store, server } = await openBucket()
  server.interfere((_, response) => {
    response.writeHead(200, { 'content-length': 1_000 })
    response.write(sampleBytes(500), () => response.destroy())
  })

  const stream = await store.get('a')

  await expect(readAll(stream)).rejects.toMatchObject({ code: 'REMOTE_UNAVAILABLE' })
})

test('a bucket that is not there is unavailable', async () => {
  const { store, server } = await openBucket()
  await server[Symbol.asyncDispose]()

  await expect(store.head('a')).rejects.toMatchObject({
    code: 'REMOTE_UNAVAILABLE',
    message: /ECONNREFUSED/,
  })
})

test('a list that is none is nonsense', async () => {
  const { store, server } = await openBucket()
  server.interfere((_, response) => response.writeHead(200).end('<html>Welcome</html>'))

  const pages = store.list('')[Symbol.asyncIterator]()

  await expect(pages.next()).rejects.toMatchObject({ code: 'REMOTE_INVALID' })
})

interface OpenBucket {
  readonly store: ObjectStore
  readonly server: StrictS3Server
}

async function openBucket(): Promise<OpenBucket> {
  const server = await startStrictS3Server()
  onTestFinished(async () => await server[Symbol.asyncDispose]())
  return { server, store: openS3(server) }
}

function openS3(server: StrictS3Server, env: Readonly<Record<string, string>> = {}): ObjectStore {
  const http = createHttpClient()
  onTestFinished(async () => await http[Symbol.asyncDispose]())
  return openS3ObjectStore(server.address, { env: { ...server.env, ...env }, http })
}
