import type { IncomingMessage, ServerResponse } from 'node:http'
import { isExpectingContinue } from './expect-continue.ts'

/** Bytes of a body that are rather read, and thrown away, than a connection ended. */
const READ_AWAY_BYTES = 256 * 1024
/** How long a sender may take to finish, or to notice, once it was answered. */
const LINGER_MS = 2000

/**
 * Prepares a response that goes out before its request's body was read. A short rest is read away, and
 * the connection stays. After a long one it must end; but closing while the sender still sends would
 * reset it, and the answer would be lost with it. So the answer goes out whole, the rest is thrown away
 * for a moment, and then the connection is closed.
 */
export function answerBeforeBody(request: IncomingMessage, response: ServerResponse): void {
  if (request.complete || request.readableEnded || !hasBody(request)) return
  if (hasLongRest(request)) lingerAfter(request, response)
  else readAway(request)
}

function readAway(request: IncomingMessage): void {
  request.resume()
  const timer = setTimeout(() => request.destroy(), LINGER_MS)
  request.once('end', () => clearTimeout(timer)).once('close', () => clearTimeout(timer))
}

function lingerAfter(request: IncomingMessage, response: ServerResponse): void {
  response.shouldKeepAlive = false
  const end = response.end
  response.end = ((...given: Parameters<typeof end>) => {
    response.end = end
    const [chunk] = given
    if (typeof chunk === 'string' || chunk instanceof Uint8Array) response.write(chunk)
    else response.flushHeaders()
    request.resume()
    const timer = setTimeout(finish, LINGER_MS)
    request.once('end', finish).once('close', finish)
    function finish(): void {
      clearTimeout(timer)
      response.end()
    }
    return response
  }) as typeof end
}

/** Whether bytes follow the headers of a request. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return 'transfer-encoding' in headers || Number(headers['content-length'] ?? 0) > 0
}

function hasLongRest(request: IncomingMessage): boolean {
  const { headers } = request
  const isEndless = 'transfer-encoding' in headers
  return (
    isEndless ||
    isExpectingContinue(request) ||
    Number(headers['content-length'] ?? 0) > READ_AWAY_BYTES
  )
}
