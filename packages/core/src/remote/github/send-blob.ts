import type { ByteStream, CallOptions } from '../blob-store.ts'
import type { HttpClient } from '../http/http-client.ts'
import { splitPieces } from '../split-pieces.ts'
import { explainGithubAnswer } from './github-failures.ts'

export interface BlobUpload {
  /** Whoever knows it may write. */
  readonly url: URL
  readonly content: { readonly sizeBytes: number; open(): ByteStream }
}

const MIB = 1024 ** 2
/** More than this goes in blocks. */
const LARGEST_WHOLE = 32 * MIB
/** The storage answers when a block is on its disks: with smaller ones nobody waits long for a sign of life. */
const BLOCK_BYTES = 16 * MIB

/** Sends a block blob of Azure's storage, in one piece or in several, one after the other. */
export async function sendBlob(
  http: HttpClient,
  { url, content }: BlobUpload,
  call: CallOptions | undefined,
): Promise<void> {
  const put = async ({ query = '', sizeBytes, body }: Put): Promise<void> => {
    const headers = {
      'content-length': String(sizeBytes),
      'content-type': 'application/octet-stream',
      ...(query === '' && { 'x-ms-blob-type': 'BlockBlob' }),
    }
    const to = new URL(url.href + query)
    const answer = await http.send({ method: 'PUT', url: to, headers, body, signal: call?.signal })
    if (answer.status !== 201) throw await explainGithubAnswer(answer, 'send an object')
    await answer.drop()
  }

  const { sizeBytes } = content
  if (sizeBytes <= LARGEST_WHOLE) return await put({ sizeBytes, body: content.open() })
  const parts = splitPieces(content.open())
  const ids: string[] = []
  try {
    for (let start = 0; start < sizeBytes; start += BLOCK_BYTES) {
      const id = blockId(ids.length)
      const length = Math.min(BLOCK_BYTES, sizeBytes - start)
      const body = parts.take(length)
      await put({ query: `&comp=block&blockid=${encodeURIComponent(id)}`, sizeBytes: length, body })
      ids.push(id)
    }
    await parts.reachEnd()
  } finally {
    await parts.end()
  }
  const list = Buffer.from(blockList(ids))
  await put({ query: '&comp=blocklist', sizeBytes: list.length, body: list })
}

interface Put {
  readonly query?: string
  readonly sizeBytes: number
  readonly body: Uint8Array | ByteStream
}

/** All of the same length, as they have to be. */
function blockId(index: number): string {
  return Buffer.from(String(index).padStart(12, '0')).toString('base64')
}

function blockList(ids: readonly string[]): string {
  const latest = ids.map((id) => `<Latest>${id}</Latest>`).join('')
  return `<?xml version="1.0" encoding="utf-8"?><BlockList>${latest}</BlockList>`
}
