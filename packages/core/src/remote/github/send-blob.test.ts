import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import type { ByteStream } from '../blob-store.ts'
import { createHttpClient } from '../http/http-client.ts'
import { sendBlob } from './send-blob.ts'

const MIB = 1024 ** 2

test('what is small goes in one piece, what is large in blocks and a list of them', async () => {
  await using http = createHttpClient()
  const { url, requests } = await startStorage()

  await sendBlob(http, { url, content: contentOf(3 * MIB) }, undefined)
  await sendBlob(http, { url, content: contentOf(34 * MIB) }, undefined)

  const [whole, first, second, third, list] = requests
  expect(requests).toHaveLength(5)
  expect(whole).toMatchObject({ sizeBytes: 3 * MIB, query: '?sig=a%2Bb', type: 'BlockBlob' })
  const blocks = [first, second, third]
  expect(blocks.map((block) => block?.sizeBytes)).toEqual([16 * MIB, 16 * MIB, 2 * MIB])
  const ids = blocks.map((block) => new URLSearchParams(block?.query).get('blockid') ?? '')
  expect(new Set(ids.map((id) => id.length)).size).toBe(1)
  expect(list?.query).toBe('?sig=a%2Bb&comp=blocklist')
  expect(list?.text).toContain(ids.map((id) => `<Latest>${id}</Latest>`).join(''))
})

test('a block that is refused ends the whole', async () => {
  await using http = createHttpClient()
  const { url, requests } = await startStorage(503)
  let isEnded = false
  async function* open(): AsyncGenerator<Uint8Array> {
    try {
      yield* contentOf(200 * MIB).open()
    } finally {
      isEnded = true
    }
  }

  const sent = sendBlob(http, { url, content: { sizeBytes: 200 * MIB, open } }, undefined)

  await expect(sent).rejects.toMatchObject({ code: 'REMOTE_UNAVAILABLE' })
  expect([requests.length, isEnded]).toEqual([1, true])
})

/** In pieces that do not end where blocks do. */
function contentOf(sizeBytes: number): { readonly sizeBytes: number; open(): ByteStream } {
  const piece = Buffer.alloc(MIB - 7)
  return {
    sizeBytes,
    async *open() {
      for (let left = sizeBytes; left > 0; left -= piece.length) yield piece.subarray(0, left)
    },
  }
}

interface Taken {
  readonly query: string
  readonly type: string | undefined
  readonly sizeBytes: number
  /** Of what is short. */
  readonly text: string
}

async function startStorage(status = 201): Promise<{ url: URL; requests: readonly Taken[] }> {
  const requests: Taken[] = []
  const server = createServer(async (request, response) => {
    let [sizeBytes, text] = [0, '']
    for await (const piece of request) {
      sizeBytes += (piece as Buffer).length
      if (sizeBytes < 10_000) text += String(piece)
    }
    const { search } = new URL(request.url ?? '', 'http://storage')
    const type = request.headers['x-ms-blob-type'] as string | undefined
    requests.push({ query: search, type, sizeBytes, text })
    response.writeHead(status).end()
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  return { url: new URL(`http://127.0.0.1:${port}/a/b?sig=a%2Bb`), requests }
}
