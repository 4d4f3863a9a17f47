import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { ByteRange, ByteStream } from '@taskvault/core'
import type { FastifyReply } from 'fastify'
import { answerBeforeBody } from './unread-body.ts'

/** Bytes that are sent, and what is said of them. */
export interface SentBlob {
  readonly status: 200 | 206
  readonly headers: Readonly<Record<string, string | number>>
  readonly bytes: ByteStream
  readonly sizeBytes: number
}

/** Headers that every answer about a blob has. Its bytes never change, so anybody may keep them. */
export function blobHeaders(name: string): Record<string, string | number> {
  return {
    etag: `"${name}"`,
    'accept-ranges': 'bytes',
    'cache-control': 'private, max-age=31536000, immutable',
    'content-type': 'application/octet-stream',
  }
}

export function contentRange({ start, end }: ByteRange, sizeBytes: number): string {
  return `bytes ${start}-${end - 1}/${sizeBytes}`
}

/** How slowly a reader may take bytes. */
export interface ReadingPace {
  /** Without any progress for so long, it is gone. */
  readonly stallTimeoutMs: number
  readonly leastBytesPerSecond: number
}

/**
 * Sends bytes, past the framework: it would wrap them in two more streams. A source that fails ends the
 * connection, so that nobody takes a part for the whole; so does a reader slower than `pace`.
 */
export async function sendBlob(
  reply: FastifyReply,
  blob: SentBlob,
  pace: ReadingPace,
): Promise<void> {
  const { raw } = reply.hijack()
  answerBeforeBody(reply.request.raw, raw)
  raw.setTimeout(pace.stallTimeoutMs)
  try {
    const headers = { ...(reply.getHeaders() as OutgoingHttpHeaders), ...blob.headers }
    raw.writeHead(blob.status, { ...headers, 'content-length': blob.sizeBytes })
    const sentBytes = await pipe(blob, raw, pace)
    if (sentBytes !== blob.sizeBytes && !raw.destroyed) {
      throw new Error(`a blob of ${blob.sizeBytes} bytes gave ${sentBytes}`)
    }
  } catch (error) {
    reply.log.error({ err: error }, 'a blob could not be sent')
    raw.destroy()
  }
}

/** Gives the bytes that were sent; fewer when the reader went away. */
async function pipe(
  { bytes, sizeBytes }: SentBlob,
  raw: ServerResponse,
  pace: ReadingPace,
): Promise<number> {
  using _deadline = sizeBytes > SMALL_BYTES ? endInTime(raw, sizeBytes, pace) : undefined
  const pieces: AsyncIterator<Uint8Array, unknown, Uint8Array | undefined> =
    bytes[Symbol.asyncIterator]()
  let sentBytes = 0
  // Pieces that have left are given back to the source, which may read into them again.
  const spare: Uint8Array[] = []
  try {
    for (;;) {
      const { done, value: piece } = await pieces.next(spare.pop())
      if (done === true || raw.destroyed) break
      sentBytes += piece.byteLength
      // Ended with the last piece, so that a small blob leaves in one packet with its headers.
      if (sentBytes === sizeBytes) raw.end(piece)
      else if (!raw.write(piece, () => spare.push(piece))) await waitForReader(raw)
    }
  } finally {
    await pieces.return?.()
  }
  if (sizeBytes === 0) raw.end()
  else if (sentBytes === sizeBytes && sizeBytes > SMALL_BYTES && !raw.destroyed)
    await waitForEnd(raw)
  return sentBytes
}

/** What the buffers of a connection take at once. */
const SMALL_BYTES = 64 * 1024

function endInTime(raw: ServerResponse, sizeBytes: number, pace: ReadingPace): Disposable {
  const longestMs = pace.stallTimeoutMs + (sizeBytes / pace.leastBytesPerSecond) * 1000
  const timer = setTimeout(() => raw.destroy(), longestMs)
  return { [Symbol.dispose]: () => clearTimeout(timer) }
}

async function waitForReader(raw: ServerResponse): Promise<void> {
  await new Promise<void>((resolve) => {
    const go = (): void => {
      raw.off('drain', go).off('close', go)
      resolve()
    }
    raw.on('drain', go).on('close', go)
  })
}

async function waitForEnd(raw: ServerResponse): Promise<void> {
  if (raw.closed) return
  await new Promise<void>((resolve) => {
    raw.once('close', resolve)
  })
}
