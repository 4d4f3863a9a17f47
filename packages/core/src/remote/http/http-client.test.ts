import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { createHttpClient } from './http-client.ts'

test.each([
  ['is read', async (answer: Answer) => expect(await answer.text()).toBe('answer')],
  ['is dropped', async (answer: Answer) => await answer.drop()],
])('the connection of an answer that %s serves the next request', async (_, end) => {
  const sockets = new Set<Socket>()
  const server = createServer((request, response) => {
    sockets.add(request.socket)
    response.end('answer')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  await using http = createHttpClient()
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)

  for (let count = 0; count < 5; count += 1) await end(await http.send({ method: 'GET', url }))

  expect(sockets.size).toBe(1)
})

type Answer = Awaited<ReturnType<ReturnType<typeof createHttpClient>['send']>>
