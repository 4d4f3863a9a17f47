import { createServer } from 'node:http'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { expect, onTestFinished } from 'vitest'

/** A service at an address that answers what it is told to. */
export async function startFailing(listener: RequestListener): Promise<string> {
  const failing = createServer(listener)
  await new Promise<void>((resolve) => failing.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    failing.closeAllConnections()
    failing.close()
  })
  return `http://127.0.0.1:${(failing.address() as AddressInfo).port}`
}

export function isRecord(bytes: Buffer): boolean {
  return bytes[0] === '{'.charCodeAt(0)
}

/** The record of an entry with another key. */
export function renamed(bytes: Buffer): Buffer {
  const text = bytes.toString()
  const other = text.replace(/"key":"./, (found) => `"key":"${found.endsWith('0') ? 1 : 0}`)
  expect(other).not.toBe(text)
  return Buffer.from(other)
}

/** The record of an entry with other bytes in the blobs that it carries. */
export function recarried(bytes: Buffer): Buffer {
  if (!isRecord(bytes)) return bytes
  const record = JSON.parse(bytes.toString()) as { readonly carried: Record<string, string> }
  const changed = Object.entries(record.carried).map(([name, text]) => [
    name,
    flipped(Buffer.from(text, 'base64')).toString('base64'),
  ])
  expect(changed).not.toEqual([])
  return Buffer.from(JSON.stringify({ ...record, carried: Object.fromEntries(changed) }))
}

/** Another byte in the middle. */
export function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes)
  const middle = copy.length >> 1
  copy[middle] = (copy[middle] ?? 0) ^ 1
  return copy
}

export interface Interference {
  readonly which: (request: IncomingMessage) => boolean
  /** Answers those requests in the place of the service. */
  readonly answer: RequestListener
}

/** Stands before the service, and answers some requests itself. */
export async function startInterfering(
  url: string,
  { which, answer }: Interference,
): Promise<string> {
  return await startFailing((request, response) => {
    if (which(request)) answer(request, response)
    else void passOn({ url, change: asItIs }, request, response)
  })
}

const asItIs = (bytes: Buffer): Buffer => bytes

export interface HoldingService {
  readonly url: string
  /** Resolves when the first request is held. */
  readonly reached: Promise<void>
  /** Passes on what is held, and holds nothing more. */
  release(): void
}

/** Stands before the service, and holds some requests until it is told to pass them on. */
export async function startHolding(
  url: string,
  which: (request: IncomingMessage) => boolean,
): Promise<HoldingService> {
  const { promise: reached, resolve: reach } = Promise.withResolvers<void>()
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  const holdingUrl = await startFailing((request, response) => {
    const isHeld = which(request)
    if (isHeld) reach()
    // Whoever asked may have gone meanwhile.
    const pass = async (): Promise<void> =>
      await passOn({ url, change: asItIs }, request, response).catch(() => void response.destroy())
    void (isHeld ? released.then(pass) : pass())
  })
  return { url: holdingUrl, reached, release }
}

/** Stands before the service, and passes the first requests on when as much time has passed. */
export async function startLate(
  url: string,
  { count, byMs }: { readonly count: number; readonly byMs: number },
): Promise<string> {
  let left = count
  return await startFailing((request, response) => {
    const isLate = left > 0
    left -= 1
    setTimeout(() => void passOn({ url, change: asItIs }, request, response), isLate ? byMs : 0)
  })
}

/** Stands before the service, and changes what is fetched from it. */
export async function startChanging(
  url: string,
  change: (bytes: Buffer) => Buffer,
): Promise<string> {
  return await startFailing((request, response) => void passOn({ url, change }, request, response))
}

interface Passing {
  readonly url: string
  readonly change: (bytes: Buffer) => Buffer
}

async function passOn(
  { url, change }: Passing,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = 'GET', headers } = request
  const body = await buffer(request)
  const names = ['authorization', 'content-type', 'range', 'x-ms-blob-type']
  const answer = await fetch(new URL(request.url ?? '/', url), {
    method,
    headers: Object.fromEntries(
      names.flatMap((name) => (headers[name] === undefined ? [] : [[name, String(headers[name])]])),
    ),
    ...((method === 'POST' || method === 'PUT') && { body }),
  })
  const bytes = Buffer.from(await answer.arrayBuffer())
  if (method === 'POST') {
    // Addresses are those of the service; all that is fetched is to come through here.
    const text = bytes.toString().replaceAll(url, `http://${headers.host}`)
    return void response.writeHead(answer.status).end(text)
  }
  const changed = method === 'GET' ? change(bytes) : bytes
  const length = method === 'HEAD' ? answer.headers.get('content-length') : changed.length
  return void response.writeHead(answer.status, { 'content-length': length ?? 0 }).end(changed)
}
