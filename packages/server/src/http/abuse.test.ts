import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import net from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { ADMIN, startTestServer } from '../testing/start-test-server.ts'
import type { TestServer } from '../testing/start-test-server.ts'

/** Quick, so that a test need not wait as long as a server would. */
const IMPATIENT = {
  headersTimeoutMs: 1_500,
  bodyGraceMs: 1_500,
  leastBytesPerSecond: 10_000,
  keepAliveMs: 300,
}
/** What Node does by itself: nothing that a test could wait for. */
const PATIENT = { headersTimeoutMs: 60_000, bodyGraceMs: 300_000, leastBytesPerSecond: 1 }

const AUTHORIZATION = `authorization: Bearer ${ADMIN}\r\n`

describe.concurrent('connections that never finish their headers', () => {
  test('are ended, and honest callers are served meanwhile', async () => {
    await using server = await startTestServer({ limits: IMPATIENT })
    const lorises = await openLorises(server, 200)

    const served = await Promise.all(Array.from({ length: 20 }, () => server.fetch('/v1/stats')))
    const held = await countHeldWithin(lorises, 30_000)

    expect(served.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200))
    expect(held).toBe(0)
  })

  test('are told why', async () => {
    await using server = await startTestServer({ limits: IMPATIENT })

    const answer = await exchange(server, 'GET /v1/stats HTTP/1.1\r\nhost: x\r\n')

    expect(answer).toMatch(/^HTTP\/1\.1 408 /)
    expect(bodyOf(answer)).toMatchObject({ code: 'REQUEST_INVALID' })
  })

  test('stay for ever where nothing bounds them (control)', async () => {
    await using server = await startTestServer({ limits: PATIENT })
    const lorises = await openLorises(server, 50)

    const held = await countHeldWithin(lorises, 4_000)
    for (const loris of lorises) loris.destroy()

    expect(held).toBe(50)
  })
})

describe.concurrent('bodies that arrive too slowly', () => {
  test.each([
    ['a blob', `PUT /v1/blobs/sha256-${'ab'.repeat(32)}`, 'application/octet-stream'],
    ['JSON', 'POST /v1/blobs/missing', 'application/json'],
  ])('of %s are refused', async (_what, line, type) => {
    await using server = await startTestServer({ limits: IMPATIENT })

    const answer = await trickle(
      server,
      head(line, [`content-type: ${type}`, 'content-length: 900000']),
    )

    expect(answer).toMatch(/^HTTP\/1\.1 408 /)
    expect(bodyOf(answer)).toMatchObject({ code: 'REQUEST_INVALID', message: /too slowly/ })
  })

  test('are waited for where nothing bounds them (control)', async () => {
    await using server = await startTestServer({ limits: PATIENT })
    const line = `PUT /v1/blobs/sha256-${'ab'.repeat(32)}`

    const answer = await trickle(server, head(line, ['content-length: 900000']), 4_000)

    expect(answer).toBe('')
  })

  test('of who was refused already do not keep the connection', async () => {
    await using server = await startTestServer({ limits: IMPATIENT })

    const answer = await trickle(
      server,
      'PUT /v1/blobs/x HTTP/1.1\r\nhost: x\r\ncontent-length: 2000\r\n\r\n',
    )

    expect(answer).toMatch(/^HTTP\/1\.1 401 /)
  })
})

describe.concurrent('bodies that are too large', () => {
  test('are refused by what they say, without being read', async () => {
    await using server = await startTestServer({ limits: { maxBlobBytes: 1000 } })
    const line = `PUT /v1/blobs/sha256-${'ab'.repeat(32)}`

    const answer = await exchange(server, head(line, ['content-length: 900000000000']))

    expect(answer).toMatch(/^HTTP\/1\.1 413 /)
    expect(bodyOf(answer)).toMatchObject({ code: 'REQUEST_TOO_LARGE' })
  })

  test('reach who sends them as an answer, and not as a reset', async () => {
    await using server = await startTestServer({ limits: { maxBlobBytes: 1000 } })
    const body = new Uint8Array(64 * 1024 ** 2)

    const answer = await server.fetch(`/v1/blobs/sha256-${'ab'.repeat(32)}`, {
      method: 'PUT',
      body,
    })

    expect(answer.status).toBe(413)
  })

  test('of strangers are refused long before they cost memory', async () => {
    await using server = await startTestServer()

    const answer = await exchange(
      server,
      head('POST /v1/session', ['content-type: application/json', 'content-length: 9000']),
    )

    expect(answer).toMatch(/^HTTP\/1\.1 413 /)
  })

  test('of JSON are refused', async () => {
    await using server = await startTestServer({ limits: { maxJsonBytes: 1000 } })

    const answer = await server.fetch('/v1/blobs/missing', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ names: ['x'.repeat(2000)] }),
    })

    expect([answer.status, await answer.json()]).toMatchObject([413, { code: 'REQUEST_TOO_LARGE' }])
  })
})

describe.concurrent('a sender that asks before it sends', () => {
  test('is asked to go on where the blob is missing', async () => {
    await using server = await startTestServer()
    const bytes = randomBytes(1000)
    const socket = await connect(server)
    socket.write(
      head(`PUT /v1/blobs/${nameOf(bytes)}`, [
        'content-length: 1000',
        'expect: 100-continue',
        'connection: close',
      ]),
    )

    const [word] = (await once(socket, 'data')) as [Buffer]
    socket.write(bytes)
    const answer = await text(socket)

    expect(word.toString()).toMatch(/^HTTP\/1\.1 100 /)
    expect(answer).toMatch(/^HTTP\/1\.1 201 /)
  })

  test.each([
    ['is known', 200, ADMIN],
    ['may not be sent', 401, 'guess'],
  ])('is not where it %s', async (_why, status, bearer) => {
    await using server = await startTestServer()
    const bytes = randomBytes(1000)
    await server.fetch(`/v1/blobs/${nameOf(bytes)}`, { method: 'PUT', body: bytes })

    const answer = await exchange(
      server,
      `PUT /v1/blobs/${nameOf(bytes)} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${bearer}\r\ncontent-length: 1000\r\nexpect: 100-continue\r\n\r\n`,
    )

    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(answer).toMatch(/connection: close/i)
  })
})

describe.concurrent('what is no request', () => {
  test.each([
    ['garbage', 'x'.repeat(100), 400],
    ['bytes of TLS', '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001', 400],
    ['a request of another protocol', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['an endless header', `GET / HTTP/1.1\r\nhost: x\r\na: ${'b'.repeat(100_000)}`, 431],
    ['ten thousand headers', `GET / HTTP/1.1\r\nhost: x\r\n${'a: b\r\n'.repeat(10_000)}\r\n`, 431],
    ['no host', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['two lengths', head('PUT /v1/blobs/x', ['content-length: 1', 'content-length: 2']), 400],
    [
      'a length and pieces',
      head('PUT /v1/blobs/x', ['content-length: 5', 'transfer-encoding: chunked']),
      400,
    ],
    ['a negative length', head('PUT /v1/blobs/x', ['content-length: -1']), 400],
    [
      'pieces that are none',
      `${head('POST /v1/blobs/missing', ['transfer-encoding: chunked', 'content-type: application/json'])}zz\r\n`,
      400,
    ],
    [
      'a blob in pieces',
      `${head(`PUT /v1/blobs/sha256-${'ab'.repeat(32)}`, ['transfer-encoding: chunked'])}1\r\na\r\n0\r\n\r\n`,
      411,
    ],
    ['an expectation that nobody knows', head('GET /healthz', ['expect: a-miracle']), 417],
  ])('%s is answered with a reason', async (_what, bytes, status) => {
    await using server = await startTestServer({ limits: IMPATIENT })

    const answer = await exchange(server, bytes)

    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(bodyOf(answer)).toMatchObject({ code: 'REQUEST_INVALID', message: expect.any(String) })
    expect((await server.fetch('/v1/stats')).status).toBe(200)
  })

  test('never ends the server, whatever it is', async () => {
    await using server = await startTestServer({ limits: IMPATIENT })
    const request = head(`PUT /v1/blobs/sha256-${'ab'.repeat(32)}`, ['content-length: 20'])

    for (let round = 0; round < 300; round += 1) {
      const bytes = Buffer.from(`${request}${'x'.repeat(20)}`)
      for (let flip = 0; flip < 5; flip += 1) {
        bytes[Math.floor(Math.random() * bytes.length)] = Math.floor(Math.random() * 256)
      }
      const socket = await connect(server)
      socket.on('error', () => {})
      socket.end(bytes)
      if (round % 3 === 0) socket.destroy()
      else socket.resume()
    }

    expect((await server.fetch('/v1/stats')).status).toBe(200)
  })
})

describe.concurrent('names that would leave their place', () => {
  const names = [
    '../../etc/passwd',
    '..%2f..%2fetc%2fpasswd',
    '%2e%2e/%2e%2e/etc/passwd',
    'sha256-..%2f..',
    'sha256-%00',
    'sha256-AB',
    `sha256-${'a'.repeat(31)}`,
    '%',
    'x'.repeat(5000),
  ]

  test.each(names.map((name) => [name.slice(0, 40), name]))(
    '%s names nothing',
    async (_short, name) => {
      await using server = await startTestServer()
      const lines = [
        `GET /v1/blobs/${name}`,
        `GET /v1/tasks/${name}/entries/${name}`,
        `GET /v1/entries/${name}`,
        `GET /v1/entries?keyPrefix=${name}`,
      ]

      const answers = await Promise.all(
        lines.map((line) => exchange(server, head(line, ['connection: close']))),
      )

      for (const answer of answers) {
        expect(answer).toMatch(/^HTTP\/1\.1 4(00|04|14) /)
        expect(bodyOf(answer)).toMatchObject({
          code: expect.stringMatching(/^(REQUEST_INVALID|NOT_FOUND|TASK_NAME_INVALID)$/),
        })
      }
    },
  )
})

test('bodies with the wrong bytes do not make the server grow', async () => {
  await using server = await startTestServer()
  const bytes = randomBytes(1024 ** 2)
  const send = async (): Promise<void> => {
    const answer = await server.fetch(`/v1/blobs/sha256-${'cd'.repeat(32)}`, {
      method: 'PUT',
      body: bytes,
    })
    await answer.arrayBuffer()
  }
  for (let round = 0; round < 20; round += 1) await send()
  const before = process.memoryUsage().rss

  for (let round = 0; round < 100; round += 1) await send()

  expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 ** 2)
})

test('a reader that takes nothing is ended, and its source with it', async () => {
  await using server = await startTestServer({ limits: { ...IMPATIENT, stallTimeoutMs: 500 } })
  const bytes = randomBytes(16 * 1024 ** 2)
  await server.fetch(`/v1/blobs/${nameOf(bytes)}`, { method: 'PUT', body: bytes })
  const socket = await connect(server)
  socket.pause()

  socket.write(head(`GET /v1/blobs/${nameOf(bytes)}`))
  const closed = once(socket, 'close')
  await delay(1500)
  socket.resume()
  await closed

  expect(socket.bytesRead).toBeLessThan(bytes.byteLength)
})

function nameOf(bytes: Uint8Array): string {
  return `sha256-${createHash('sha256').update(bytes).digest('hex')}`
}

function head(line: string, headers: readonly string[] = []): string {
  return `${line} HTTP/1.1\r\nhost: x\r\n${AUTHORIZATION}${headers.map((header) => `${header}\r\n`).join('')}\r\n`
}

async function connect({ url }: TestServer): Promise<net.Socket> {
  const socket = net.connect(Number(new URL(url).port), '127.0.0.1')
  await once(socket, 'connect')
  return socket
}

/** Sends bytes, and gives all that comes back until the other side hangs up, or is done for a while. */
async function exchange(server: TestServer, bytes: string): Promise<string> {
  const socket = await connect(server)
  socket.on('error', () => {})
  socket.setTimeout(20_000, () => socket.destroy())
  socket.write(bytes, 'latin1')
  return await received(socket)
}

/** Sends bytes, and then one every now and then. */
async function trickle(server: TestServer, bytes: string, forMs = 20_000): Promise<string> {
  const socket = await connect(server)
  socket.on('error', () => {})
  socket.write(bytes)
  const timer = setInterval(() => socket.write('x'), 100)
  const end = setTimeout(() => socket.destroy(), forMs)
  const answer = await received(socket)
  clearInterval(timer)
  clearTimeout(end)
  return answer
}

async function received(socket: net.Socket): Promise<string> {
  let all = ''
  socket.on('data', (chunk) => {
    all += chunk.toString('latin1')
  })
  await new Promise((resolve) => {
    socket.once('close', resolve)
  })
  return all
}

function bodyOf(answer: string): unknown {
  return JSON.parse(answer.slice(answer.lastIndexOf('\r\n\r\n{') + 4))
}

async function openLorises(server: TestServer, count: number): Promise<readonly net.Socket[]> {
  const sockets = await Promise.all(Array.from({ length: count }, () => connect(server)))
  for (const [index, socket] of sockets.entries()) {
    socket.on('error', () => {}).resume()
    // Some say nothing at all, some begin a request.
    if (index % 4 !== 0) socket.write('GET /v1/stats HTTP/1.1\r\nx-a: ')
  }
  return sockets
}

/** How many connections are left when all of them are gone, or the time is up. */
async function countHeldWithin(sockets: readonly net.Socket[], ms: number): Promise<number> {
  const countHeld = (): number => sockets.filter((socket) => !socket.closed).length
  const timer = setInterval(() => {
    for (const socket of sockets) if (!socket.closed && socket.bytesWritten > 0) socket.write('b')
  }, 200)
  for (const end = performance.now() + ms; countHeld() > 0 && performance.now() < end;)
    await delay(20)
  clearInterval(timer)
  return countHeld()
}
