/*
 * A line to a server: whatever goes through arrives some milliseconds later, in order. A connection is open when it was
 * gone to and fro twice, as with TLS.
 */
import { type Socket, connect, createServer } from 'node:net'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'

const [, , port = '', oneWay = ''] = process.argv
const oneWayMs = Number(oneWay)

const line = createServer({ allowHalfOpen: true }, (client) => {
  const server = connect({ port: Number(port), host: '127.0.0.1', allowHalfOpen: true })
  pass(client, server, performance.now() + 4 * oneWayMs)
  pass(server, client, 0)
})

function pass(from: Socket, to: Socket, earliestMs: number): void {
  to.setNoDelay()
  let earlier = Promise.resolve()
  const later = (send: () => void): void => {
    const atMs = Math.max(earliestMs, performance.now()) + oneWayMs
    earlier = earlier.then(async () => await delay(atMs - performance.now())).then(send)
  }
  from
    .on('data', (bytes) => later(() => to.write(bytes)))
    .on('end', () => later(() => to.end()))
    .on('error', () => to.destroy())
    .on('close', () => later(() => to.destroy()))
}

line.listen(0, '127.0.0.1', () => process.stdout.write(`${JSON.stringify(line.address())}\n`))
