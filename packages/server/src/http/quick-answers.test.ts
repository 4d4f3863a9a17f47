import { createHash, randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import type { Engine } from '../engine/engine.ts'
import { createMemoryEngine } from '../testing/memory-engine.ts'
import { STRANGER, startTestServer } from '../testing/start-test-server.ts'
import type { TestServer } from '../testing/start-test-server.ts'

const ENTRY = `/v1/tasks/build/entries/${'ab'.repeat(32)}`

test('a blob at hand is answered with the same words as one that is not, without asking the engine', async () => {
  const { engine, opened } = countingEngine()
  // Nobody is forgotten meanwhile, however long it takes.
  await using server = await startTestServer({ engine, now: () => 0 })
  const path = await store(server, randomBytes(5000))

  const first = await whole(server.fetch(path))
  const second = await whole(server.fetch(path))
  const third = await whole(server.fetch(path))

  expect(opened()).toBe(1)
  expect(first.status).toBe(200)
  expect(second).toEqual(first)
  expect(third).toEqual(first)
})

test('so is a look-up, found or not', async () => {
  await using server = await startTestServer()
  await store(server, randomBytes(10), 'publish')
  const absent = ENTRY.replace('ab', 'cd')
  await server.fetch('/v1/stats')

  const [quick, full] = [await whole(server.fetch(ENTRY)), await whole(server.fetch(inFull(ENTRY)))]
  const [none, noneInFull] = [
    await whole(server.fetch(absent)),
    await whole(server.fetch(inFull(absent))),
  ]

  expect([quick.status, none.status]).toEqual([200, 404])
  expect(quick).toEqual(full)
  expect(none).toEqual(noneInFull)
})

test('a blob at hand is given to nobody of another tenant, nor to anybody unknown', async () => {
  await using server = await startTestServer()
  const path = await store(server, randomBytes(5000))
  await server.fetch(path)
  await server.fetch(path)

  const stranger = await server.fetch(path, { bearer: STRANGER })
  const strangerAgain = await server.fetch(path, { bearer: STRANGER })
  const nobody = await server.fetch(path, { bearer: 'guess' })

  expect([stranger.status, strangerAgain.status, nobody.status]).toEqual([404, 404, 401])
})

test('whether somebody may have it is asked again once they are forgotten', async () => {
  const { engine, opened } = countingEngine()
  let nowMs = 1_000_000
  await using server = await startTestServer({ engine, now: () => nowMs })
  const path = await store(server, randomBytes(5000))

  await whole(server.fetch(path))
  await whole(server.fetch(path))
  nowMs += 5001
  await whole(server.fetch(path))

  expect(opened()).toBe(2)
})

test('what is at hand counts against the limits like everything else', async () => {
  await using server = await startTestServer({
    limits: { bytes: { perSecond: 1, burst: 20_000 } },
  })
  const path = await store(server, randomBytes(8000))

  const statuses = []
  for (let round = 0; round < 4; round += 1) statuses.push((await server.fetch(path)).status)

  expect(statuses).toEqual([200, 200, 429, 429])
})

test('what is at hand stays within its bounds', async () => {
  const { engine, opened } = countingEngine()
  await using server = await startTestServer({ engine, now: () => 0 })
  const paths: string[] = []
  for (let index = 0; index < 40; index += 1)
    paths.push(await store(server, randomBytes(1024 ** 2)))

  for (const path of paths) await whole(server.fetch(path))
  for (const path of paths.slice(-10)) await whole(server.fetch(path))
  await whole(server.fetch(paths[0]!))

  expect(opened()).toBe(41)
})

test('requests in one go are answered in their order', async () => {
  await using server = await startTestServer()
  const paths = [await store(server, randomBytes(10), 'publish'), ENTRY, '/v1/stats', '/healthz']
  for (const path of paths) await whole(server.fetch(path))

  const answers = await Promise.all(
    Array.from({ length: 50 }, async (_, index) => {
      const path = paths[index % paths.length]!
      return { path, answer: await whole(server.fetch(path)) }
    }),
  )

  for (const { path, answer } of answers) {
    expect(answer).toEqual(await whole(server.fetch(path)))
  }
})

test('a request counts once, whoever answers it', async () => {
  const limits = { requests: { perSecond: 0.001, burst: 10 } }
  await using server = await startTestServer({ limits })
  // Too large to be at hand: each is recognized, and left to the framework.
  const path = await store(server, new Uint8Array(3 * 1024 ** 2))

  const statuses: number[] = []
  for (let count = 0; count < 10; count += 1) {
    statuses.push((await whole(server.fetch(path))).status)
  }

  expect(statuses).toEqual([...Array.from({ length: 9 }, () => 200), 429])
})

/** A name that has to be decoded is left to the framework. */
function inFull(path: string): string {
  return path.replace('build', 'b%75ild')
}

/** An engine that counts how often a blob was opened. */
function countingEngine(): { readonly engine: Engine; readonly opened: () => number } {
  const memory = createMemoryEngine()
  let count = 0
  const openBlob: Engine['openBlob'] = async (...given) => {
    count += 1
    return await memory.openBlob(...given)
  }
  return { engine: { ...memory, openBlob }, opened: () => count }
}

/** Stores a blob, and an entry with it if wanted; gives the blob's path. */
async function store(server: TestServer, bytes: Uint8Array<ArrayBuffer>, more?: 'publish') {
  const name = `sha256-${createHash('sha256').update(bytes).digest('hex')}`
  await server.fetch(`/v1/blobs/${name}`, { method: 'PUT', body: bytes })
  if (more === 'publish') {
    const manifest = { name, sizeBytes: bytes.byteLength }
    await server.fetch(ENTRY, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        manifest,
        packs: [],
        sizeBytes: 1,
        fileCount: 1,
        exitCode: 0,
        durationMs: 1,
        origin: { branch: 'größer' },
      }),
    })
  }
  return `/v1/blobs/${name}`
}

/** All that a caller sees of an answer, but for when it was made. */
async function whole(answer: Promise<Response>) {
  const { status, headers } = await answer
  const body = Buffer.from(await (await answer).arrayBuffer()).toString('base64')
  const words = Object.fromEntries([...headers].filter(([name]) => name !== 'date'))
  return { status, words, body }
}
