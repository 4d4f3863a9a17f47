import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { keepAnswersWhole } from './keep-answers-whole.ts'

// More than the buffers of both sockets take.
const BYTES = 32 * 1024 ** 2

test('an answer that a slow client has yet to take is not cut', async () => {
  const server = await startServer(keepAnswersWhole)
  const client = await askSlowly(server)

  server.closeIdleConnections()
  const received = buffer(client)
  await delay(200)
  await closeSoon(server)

  expect((await received).length).toBeGreaterThan(BYTES)
})

test('it is cut without that (control)', async () => {
  const server = await startServer(() => {})
  const client = await askSlowly(server)

  server.closeIdleConnections()

  expect((await buffer(client)).length).toBeLessThan(BYTES)
})

async function startServer(prepare: (server: Server) => void): Promise<Server> {
  const server = createServer((_request, answer) => void answer.end(Buffer.alloc(BYTES)))
  prepare(server)
  onTestFinished(() => server.close().closeAllConnections())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return server
}

/** Waits until the answer has begun, and takes none of it. */
async function askSlowly(server: Server): Promise<Socket> {
  const { port } = server.address() as AddressInfo
  const client = connect(port, '127.0.0.1')
  client.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await once(client, 'readable')
  return client
}

/** Ends the connection, which stays open for a further request, once it is idle. */
async function closeSoon(server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  const sweep = setInterval(() => server.closeIdleConnections(), 20)
  await closed
  clearInterval(sweep)
}
