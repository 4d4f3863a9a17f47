import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { openServer } from './open-server.ts'

test.each([
  ['a server', 'http', undefined],
  ['a proxy', 'http', 'HTTP_PROXY'],
  ['a proxy on the way to TLS', 'https', 'HTTPS_PROXY'],
])(
  '%s that says nothing is not waited for any longer than it may take',
  async (_, scheme, proxy) => {
    const address = await startSilence()
    const url = `${scheme}://${proxy === undefined ? address : 'vault.example'}`
    const env = { TASKVAULT_TOKEN: 'tv_any', ...(proxy !== undefined && { [proxy]: address }) }
    const remote = { url, mode: 'read', publicKeys: [], timeoutSeconds: 4 } as const
    await using server = await openServer({ remote, env, now: Date.now, patienceMs: 200 })

    const asking = server.listKeys()

    await expect(asking).rejects.toMatchObject({
      code: 'REMOTE_UNAVAILABLE',
      message: /^No answer from .* for 0.2 seconds$/,
    })
  },
)

/** Takes connections and requests, and never answers. */
async function startSilence(): Promise<string> {
  const silence = createServer((socket) => {
    socket.on('error', () => {}).resume()
    onTestFinished(() => void socket.destroy())
  })
  onTestFinished(() => void silence.close())
  silence.listen(0, '127.0.0.1')
  await once(silence, 'listening')
  return `127.0.0.1:${(silence.address() as AddressInfo).port}`
}
