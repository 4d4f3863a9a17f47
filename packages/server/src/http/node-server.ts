import http from 'node:http'
import https from 'node:https'
import type { Socket } from 'node:net'
import { expectContinue } from './bodies/expect-continue.ts'
import { answerError } from './errors/error-answer.ts'
import { Refusal } from './errors/refusal.ts'
import { longestRequestMs } from './limits.ts'
import type { HttpLimits } from './limits.ts'

/** What a listener proves itself with, and whose certificates it accepts; PEM. */
export interface TlsMaterial {
  readonly certificate: string
  readonly key: string
  /** Authorities of client certificates; undefined: none is asked for. */
  readonly clientAuthorities?: string
  /** Whether a client without a certificate is turned away before it can say anything. */
  readonly requiresCertificate?: boolean
}

export interface NodeServerOptions {
  readonly limits: HttpLimits
  readonly tls?: TlsMaterial | undefined
  readonly onRequest: http.RequestListener
}

/** How often Node looks for connections that took too long. */
const CHECK_MS = 1000

/**
 * The socket side of the server, with every timeout and size said out loud: Node's defaults let a
 * thousand idle connections stay for minutes.
 */
export function createNodeServer({ limits, tls, onRequest }: NodeServerOptions): http.Server {
  const options = {
    headersTimeout: limits.headersTimeoutMs,
    // Bodies have a pace of their own; this only bounds what could slip by it.
    requestTimeout: longestRequestMs(limits),
    connectionsCheckingInterval: Math.min(CHECK_MS, limits.headersTimeoutMs),
    keepAliveTimeout: limits.keepAliveMs,
    maxHeaderSize: limits.maxHeaderBytes,
    noDelay: true,
    // Ours is asked for in words.
    requireHostHeader: false,
  }
  const server =
    tls === undefined
      ? http.createServer(options, onRequest)
      : https.createServer({ ...options, ...tlsOptions(tls, limits) }, onRequest)
  server.maxConnections = limits.maxConnections
  server.on('checkContinue', (request, response) => {
    expectContinue(request)
    onRequest(request, response)
  })
  server.on('checkExpectation', (_request, response) => {
    const { text, headers } = describe('Unknown Expect header')
    response.writeHead(417, headers).end(text)
  })
  return server
}

function tlsOptions(tls: TlsMaterial, limits: HttpLimits): https.ServerOptions {
  return {
    cert: tls.certificate,
    key: tls.key,
    minVersion: 'TLSv1.2',
    handshakeTimeout: limits.headersTimeoutMs,
    ...(tls.clientAuthorities === undefined
      ? {}
      : {
          ca: tls.clientAuthorities,
          requestCert: true,
          rejectUnauthorized: tls.requiresCertificate ?? false,
        }),
  }
}

/** Answers what is not HTTP, or came too slowly, and hangs up. */
export function answerGarbage(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable || socket.bytesWritten > 0) {
    socket.destroy(error)
    return
  }
  const [line, what] = GARBAGE[error.code ?? ''] ?? [
    '400 Bad Request',
    'This is not an HTTP request',
  ]
  const { text, headers } = describe(what)
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  // Not end(): whoever does not hang up would keep half of the connection.
  socket.write(`HTTP/1.1 ${line}\r\n${head.join('')}\r\n${text}`, () => socket.destroy())
}

function describe(what: string): {
  readonly text: string
  readonly headers: Readonly<Record<string, string | number>>
} {
  const text = JSON.stringify(answerError(new Refusal('REQUEST_INVALID', what)).body)
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    'content-length': text.length,
    connection: 'close',
  }
  return { text, headers }
}

const GARBAGE: Readonly<Record<string, readonly [string, string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'The request did not arrive in time'],
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'The headers are too large'],
}
