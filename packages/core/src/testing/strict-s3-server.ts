import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { findSignatureFault } from './s3-signature.ts'
import type { S3Keys } from './s3-signature.ts'

/** A bucket in memory, for tests: stricter than real ones, and with trouble on demand. */
export interface StrictS3Server extends AsyncDisposable {
  /** `s3://…`, endpoint included. */
  readonly address: string
  /** What a client needs in its environment. */
  readonly env: Readonly<Record<string, string>>
  /** What is there; a test may change it. */
  readonly objects: Map<string, Buffer>
  /** Method and key of every request so far. */
  readonly requests: string[]
  /** The ranges that were asked for. */
  readonly ranges: string[]
  /** Answers the next request itself, after its signature was found right; the next one that is meant, if told which. */
  interfere(
    with_: (request: IncomingMessage, response: ServerResponse) => void,
    isMeant?: (request: IncomingMessage) => boolean,
  ): void
}

const BUCKET = 'vault-tests'
/** Few, so that every list of some length has several pages. */
const PAGE_OBJECTS = 3

/**
 * Speaks as much of the protocol of S3 as an object store needs, at a free port: signatures, the body's
 * digest, `If-None-Match: *`, ranges, and lists in pages.
 */
export async function startStrictS3Server(): Promise<StrictS3Server> {
  const keys: S3Keys = { accessKeyId: 'TESTKEYID', secretAccessKey: 'test/secret+key=' }
  const bucket: Bucket = { objects: new Map(), modifiedAtMs: new Map() }
  const requests: string[] = []
  const ranges: string[] = []
  const interferences: Interference[] = []
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', `http://${request.headers.host}`)
    const headers = request.headers as Readonly<Record<string, string | undefined>>
    const method = request.method ?? ''
    requests.push(`${method} ${url.pathname.slice(BUCKET.length + 2)}`)
    if (request.headers.range !== undefined) ranges.push(request.headers.range)
    const fault = findSignatureFault({ method, url, headers }, keys)
    if (fault !== undefined) return answerError(response, 403, fault)
    const next = interferences.findIndex(({ isMeant }) => isMeant(request))
    const [interference] = next < 0 ? [] : interferences.splice(next, 1)
    if (interference !== undefined) return interference.with(request, response)
    void answer(bucket, { request, response, url })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    address: `s3://${BUCKET}/some/prefix?endpoint=http://127.0.0.1:${port}`,
    env: { AWS_ACCESS_KEY_ID: keys.accessKeyId, AWS_SECRET_ACCESS_KEY: keys.secretAccessKey },
    objects: bucket.objects,
    requests,
    ranges,
    interfere: (with_, isMeant = () => true) => void interferences.push({ with: with_, isMeant }),
    async [Symbol.asyncDispose]() {
      if (!server.listening) return
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

interface Interference {
  readonly with: (request: IncomingMessage, response: ServerResponse) => void
  readonly isMeant: (request: IncomingMessage) => boolean
}

interface Bucket {
  readonly objects: Map<string, Buffer>
  readonly modifiedAtMs: Map<string, number>
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly url: URL
}

async function answer(bucket: Bucket, exchange: Exchange): Promise<void> {
  const { request, response, url } = exchange
  const [, name, ...rest] = decodeURIComponent(url.pathname).split('/')
  const key = rest.join('/')
  if (name !== BUCKET) return answerError(response, 404, 'NoSuchBucket')
  if (key === '' && request.method === 'GET') return answerList(bucket, exchange)
  if (request.method === 'PUT') return await takeObject(bucket, key, exchange)
  if (request.method === 'DELETE') {
    bucket.objects.delete(key)
    return void response.writeHead(204).end()
  }
  const bytes = bucket.objects.get(key)
  if (bytes === undefined) return answerError(response, 404, 'NoSuchKey')
  if (request.method === 'HEAD')
    return void response.writeHead(200, { 'content-length': bytes.length }).end()
  answerBytes(exchange, bytes)
}

async function takeObject(
  { objects, modifiedAtMs }: Bucket,
  key: string,
  { request, response }: Exchange,
): Promise<void> {
  const hasCondition = request.headers['if-none-match'] === '*'
  if (hasCondition && objects.has(key)) {
    request.resume()
    return answerError(response, 412, 'PreconditionFailed')
  }
  const pieces: Buffer[] = []
  try {
    for await (const piece of request) pieces.push(piece as Buffer)
  } catch {
    // The client has gone; there is nobody to answer, and nothing to keep.
    return
  }
  const bytes = Buffer.concat(pieces)
  const digest = createHash('sha256').update(bytes).digest('hex')
  const announced = request.headers['x-amz-content-sha256'] ?? 'UNSIGNED-PAYLOAD'
  if (announced !== 'UNSIGNED-PAYLOAD' && announced !== digest)
    return answerError(response, 400, 'XAmzContentSHA256Mismatch')
  if (hasCondition && objects.has(key)) return answerError(response, 412, 'PreconditionFailed')
  objects.set(key, bytes)
  modifiedAtMs.set(key, Date.now())
  response.writeHead(200).end()
}

function answerBytes({ request, response }: Exchange, bytes: Buffer): void {
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
  if (from === undefined) {
    return void response.writeHead(200, { 'content-length': bytes.length }).end(bytes)
  }
  if (Number(from) >= bytes.length) return answerError(response, 416, 'InvalidRange')
  const part = bytes.subarray(Number(from), Number(to) + 1)
  response.writeHead(206, { 'content-length': part.length }).end(part)
}

function answerList({ objects, modifiedAtMs }: Bucket, { response, url }: Exchange): void {
  const prefix = url.searchParams.get('prefix') ?? ''
  const after = url.searchParams.get('continuation-token') ?? ''
  const keys = [...objects.keys()].filter((key) => key.startsWith(prefix) && key > after).toSorted()
  const page = keys.slice(0, PAGE_OBJECTS)
  const isCut = keys.length > page.length
  const contents = page.map((key) => {
    const modified = new Date(modifiedAtMs.get(key) ?? 0).toISOString()
    const size = objects.get(key)?.length
    return `<Contents><Key>${key}</Key><LastModified>${modified}</LastModified><Size>${size}</Size></Contents>`
  })
  const next = isCut ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : ''
  response
    .writeHead(200, { 'content-type': 'application/xml' })
    .end(
      `<?xml version="1.0"?><ListBucketResult><IsTruncated>${isCut}</IsTruncated>${next}${contents.join('')}</ListBucketResult>`,
    )
}

function answerError(response: ServerResponse, status: number, code: string): void {
  response
    .writeHead(status, { 'content-type': 'application/xml' })
    .end(`<?xml version="1.0"?><Error><Code>${code}</Code></Error>`)
}
