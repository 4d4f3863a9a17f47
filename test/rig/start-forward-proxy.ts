import { once } from 'node:events'
import { createServer, request as send } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'

/** What was asked of a proxy. */
interface Passage {
  /** `host:port`. */
  readonly to: string
  /** What the client said of itself. */
  readonly authorization: string | undefined
}

/** A proxy as companies have them: it passes plain requests on, and opens tunnels for those that are not plain. */
export interface ForwardProxy extends AsyncDisposable {
  /** `host:port`. */
  readonly address: string
  readonly passages: readonly Passage[]
}

export async function startForwardProxy(): Promise<ForwardProxy> {
  const passages: Passage[] = []
  const note = ({ headers }: IncomingMessage, to: string): void =>
    void passages.push({ to, authorization: headers['proxy-authorization'] })
  const server = createServer((request, answer) => {
    const url = new URL(request.url ?? '')
    note(request, url.host)
    passOn(url, request, answer)
  })
  server.on('connect', (request, client: Duplex) => {
    note(request, request.url ?? '')
    openTunnel(new URL(`http://${request.url}`), client)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    passages,
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

function passOn(url: URL, request: IncomingMessage, answer: ServerResponse): void {
  const { method, headers } = request
  const passed = send(url, { method, headers }, (received) => {
    answer.writeHead(received.statusCode ?? 502, received.headers)
    received.pipe(answer)
  })
  passed.on('error', () => answer.destroy())
  request.pipe(passed)
}

function openTunnel({ hostname, port }: URL, client: Duplex): void {
  const target = connect(Number(port), hostname, () => {
    client.write('HTTP/1.1 200 Connection established\r\n\r\n')
    client.pipe(target).pipe(client)
  })
  target.on('error', () => client.destroy())
  client.on('error', () => target.destroy())
}
