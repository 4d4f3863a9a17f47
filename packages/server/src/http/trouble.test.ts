import { TaskVaultError } from '@taskvault/core'
import { expect, test } from 'vitest'
import type { Engine } from '../engine/engine.ts'
import { createMemoryEngine } from '../testing/memory-engine.ts'
import { startTestServer } from '../testing/start-test-server.ts'
import type { TestServer } from '../testing/start-test-server.ts'

const SECRET = 'postgres://vault:hunter2@db.internal/vault'

test.each([
  ['DATABASE_UNAVAILABLE', 503, '2'],
  ['REMOTE_UNAVAILABLE', 503, '2'],
  ['DISK_FULL', 507, null],
  ['DATABASE_CORRUPT', 500, null],
  ['CONFIG_INVALID', 500, null],
] as const)(
  '%s is answered with %i, and tells nothing of the inside',
  async (code, status, wait) => {
    const failing = (): never => {
      throw new TaskVaultError(code, `Could not reach ${SECRET}`, { hint: `Look at ${SECRET}.` })
    }
    await using server = await startTestServer({ engine: engineThat({ stats: failing }) })

    const answer = await server.fetch('/v1/stats')
    const body = await answer.text()

    expect([answer.status, answer.headers.get('retry-after')]).toEqual([status, wait])
    expect(JSON.parse(body)).toMatchObject({ code, message: expect.any(String) })
    expect(body).not.toMatch(/hunter2|db\.internal/)
    expect(server.log()).toContain('db.internal')
    expect(server.log()).not.toContain('hunter2')
  },
)

test('a bug is one answer, one line of the log, and nobody else’s trouble', async () => {
  await using server = await startTestServer({ engine: engineThat({ stats: throwBug }) })

  const answer = await server.fetch('/v1/stats')

  expect(answer.status).toBe(500)
  expect(await answer.json()).toEqual({
    code: 'IO_FAILED',
    message: expect.not.stringContaining('function'),
    hint: expect.stringContaining('later'),
  })
  expect(server.log()).toContain('undefined is not a function')
  expect((await server.fetch('/v1/entries')).status).toBe(200)
})

test('a source that breaks in the middle ends the connection, so that nobody takes a part for the whole', async () => {
  await using server = await startTestServer({ engine: engineThat({ openBlob: openBreaking }) })

  const answer = await server.fetch(`/v1/blobs/sha256-${'ab'.repeat(32)}`)

  expect(answer.status).toBe(200)
  await expect(answer.arrayBuffer()).rejects.toThrow('terminated')
})

test('so does a source that ends early', async () => {
  await using server = await startTestServer({ engine: engineThat({ openBlob: openShort }) })

  const answer = server.fetch(`/v1/blobs/sha256-${'ab'.repeat(32)}`)

  await expect(answer.then(async (found) => await found.arrayBuffer())).rejects.toThrow()
})

test(
  'so does one whose bytes do not fit into the buffers of the connection',
  { timeout: 5_000 },
  async () => {
    await using server = await startTestServer({
      engine: engineThat({ openBlob: openShortAndLarge }),
    })

    const answer = server.fetch(`/v1/blobs/sha256-${'ab'.repeat(32)}`)

    await expect(answer.then(async (found) => await found.arrayBuffer())).rejects.toThrow()
  },
)

test('a blob that the limits keep back is not left open', async () => {
  let closed = 0
  const openBlob: Engine['openBlob'] = async (_who, name) => ({
    name,
    sizeBytes: 3_000_000,
    range: { start: 0, end: 3_000_000 },
    bytes: closingBytes(() => (closed += 1)),
  })
  const bytes = { perSecond: 1, burst: 1 }
  await using server = await startTestServer({
    engine: engineThat({ openBlob }),
    limits: { bytes },
  })
  const path = `/v1/blobs/sha256-${'ab'.repeat(32)}`

  const first = await server.fetch(path)
  await first.arrayBuffer()
  const second = await server.fetch(path)

  expect([first.status, second.status]).toEqual([200, 429])
  expect(closed).toBe(2)
})

test('is not ready, and says so in the same shape, when what it needs is gone', async () => {
  let isGone = true
  const checkHealth = async (): Promise<void> => {
    if (isGone) throw new TaskVaultError('DATABASE_UNAVAILABLE', `Could not reach ${SECRET}`)
  }
  await using broken = await startTestServer({ engine: engineThat({ checkHealth }) })

  const ready = await broken.fetch('/readyz')
  const alive = await broken.fetch('/healthz')
  isGone = false
  await using mended = await startTestServer({ engine: engineThat({ checkHealth }) })

  expect([ready.status, alive.status]).toEqual([503, 200])
  expect(await ready.json()).toMatchObject({ code: 'DATABASE_UNAVAILABLE' })
  expect((await mended.fetch('/readyz')).status).toBe(200)
})

test('probes that find it not ready are one line of the log, without a stack, until it is ready again', async () => {
  let failure: Error | undefined = new TaskVaultError(
    'DATABASE_UNAVAILABLE',
    `No answer of ${SECRET}`,
  )
  let nowMs = 0
  await using server = await startTestServer({
    engine: engineThat({
      checkHealth: async () => {
        if (failure !== undefined) throw failure
      },
    }),
    now: () => nowMs,
  })

  for (let probe = 0; probe < 5; probe += 1) await server.fetch('/readyz')
  const once = toldBy(server)
  nowMs = 61_000
  await server.fetch('/readyz')
  const afterAMinute = toldBy(server)

  expect(once).toEqual([expect.stringContaining('"reason":"No answer of')])
  expect(once.join()).not.toMatch(/stack|hunter2/)
  expect(afterAMinute).toHaveLength(2)
  failure = undefined
  // The answer of a look is used for a second.
  const status = async (): Promise<number> => (await server.fetch('/readyz')).status
  await expect.poll(status, { timeout: 30_000 }).toBe(200)
  expect(toldBy(server)).toEqual([...afterAMinute, expect.stringContaining('ready again')])
})

test('that it is about to end is one plain line of the log', async () => {
  await using ending = await startTestServer()

  ending.server.startDraining()
  const ready = await ending.fetch('/readyz')
  await ending.fetch('/readyz')

  expect(ready.status).toBe(503)
  expect(await ready.json()).toMatchObject({ message: expect.stringContaining('about to end') })
  expect(toldBy(ending)).toEqual([expect.stringMatching(/"msg":"not ready: it is about to end"}$/)])
})

/** The lines of the log above `debug`, without what the framework says of itself. */
function toldBy(server: TestServer): readonly string[] {
  return server
    .log()
    .split('\n')
    .filter((line) => /"level":"(info|warn|error)"/.test(line) && !line.includes('listening on'))
}

function engineThat(changes: Partial<Engine>): Engine {
  return { ...createMemoryEngine(), ...changes }
}

function throwBug(): never {
  throw new TypeError('undefined is not a function')
}

const openBreaking: Engine['openBlob'] = async (_who, name) => ({
  name,
  sizeBytes: 10_000_000,
  range: { start: 0, end: 10_000_000 },
  bytes: breakingBytes(),
})

async function* breakingBytes(): AsyncGenerator<Uint8Array> {
  yield Buffer.alloc(1_000_000)
  throw new Error('the disk is gone')
}

/** One piece; `onClose` is told when the reader ends it, whether it has begun or not. */
function closingBytes(onClose: () => void): AsyncIterableIterator<Uint8Array> {
  let isSent = false
  return {
    [Symbol.asyncIterator]() {
      return this
    },
    async next() {
      if (isSent) return { done: true, value: undefined }
      isSent = true
      return { done: false, value: Buffer.alloc(3_000_000) }
    },
    async return() {
      onClose()
      return { done: true, value: undefined }
    },
  }
}

const openShort: Engine['openBlob'] = async (_who, name) => ({
  name,
  sizeBytes: 1000,
  range: { start: 0, end: 1000 },
  bytes: shortBytes(),
})

const openShortAndLarge: Engine['openBlob'] = async (_who, name) => ({
  name,
  sizeBytes: 3_000_000,
  range: { start: 0, end: 3_000_000 },
  bytes: shortBytes(),
})

async function* shortBytes(): AsyncGenerator<Uint8Array> {
  yield Buffer.alloc(999)
}
