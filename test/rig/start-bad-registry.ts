import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a package registry in trouble does with a request. */
export type Trouble = 'refuses' | 'hangs' | 'drips' | 'answers 500'

export interface BadRegistry extends AsyncDisposable {
  readonly url: string
  /** How often it was asked. */
  readonly requests: () => number
}

/** Starts a registry that nothing can be installed from. */
export async function startBadRegistry(trouble: Trouble): Promise<BadRegistry> {
  let requests = 0
  const server = createServer((_request, response) => {
    requests += 1
    if (trouble === 'answers 500') response.writeHead(500).end('out of order')
    if (trouble === 'drips') drip(response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const close = async (): Promise<void> => {
    server.closeAllConnections()
    if (server.listening) await new Promise((resolve) => server.close(resolve))
  }
  if (trouble === 'refuses') await close()
  return {
    url: `http://127.0.0.1:${port}/`,
    requests: () => requests,
    [Symbol.asyncDispose]: close,
  }
}

/** An answer that begins well, and never ends. */
function drip(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' })
  const dripping = setInterval(() => response.write(' '), 100)
  response.once('close', () => clearInterval(dripping))
}
