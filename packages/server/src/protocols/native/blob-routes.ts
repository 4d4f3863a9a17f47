import type { BlobName, ByteStream } from '@taskvault/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { OpenedBlob } from '../../engine/engine.ts'
import type { HttpApp } from '../../http/app.ts'
import { readRange } from '../../http/bodies/byte-range.ts'
import { blobHeaders, contentRange, sendBlob } from '../../http/bodies/send-blob.ts'
import { callerOf } from '../../http/callers/caller.ts'
import { errorBody } from '../../http/errors/error-body.ts'
import { Refusal } from '../../http/errors/refusal.ts'
import type { ProtocolServices } from '../../http/protocol.ts'
import { blobName } from './schemas.ts'
import { takeUpload } from './take-upload.ts'

const params = z.strictObject({ name: blobName })
const anyBytes = z.any().describe('The stored bytes.')
const noBody = z.any().describe('Nothing.')

type BlobRequest = FastifyRequest & { readonly params: { readonly name: BlobName } }

/** One blob: its bytes in and out. */
export function addBlobRoutes(app: HttpApp, services: ProtocolServices): void {
  app.get(
    '/v1/blobs/:name',
    {
      exposeHeadRoute: false,
      config: { operation: 'blob.get' },
      schema: {
        summary: 'Returns the bytes of a blob, or a range of them',
        params,
        response: {
          200: anyBytes,
          206: anyBytes,
          304: noBody,
          307: noBody,
          default: errorBody,
        },
      },
    },
    (request, reply) => sendWanted(request, reply, services),
  )
  app.head(
    '/v1/blobs/:name',
    {
      config: { operation: 'blob.head', swagger: { exposeHeadRoute: true } },
      schema: {
        summary: 'Tells whether a blob exists, and its size',
        params,
        response: { 200: noBody, default: noBody },
      },
    },
    async (request, reply) => {
      const { name } = request.params
      const row = await services.engine.headBlob(callerOf(request), name)
      if (row === undefined) throw noSuchBlob()
      return reply.headers({ ...blobHeaders(name), 'content-length': row.sizeBytes }).send()
    },
  )
  app.post(
    '/v1/blobs/:name/check',
    {
      config: { operation: 'blob.check' },
      schema: {
        summary:
          'Reads a blob where it lies; if it is damaged, removes it and the entries that need it',
        params,
        response: { 204: noBody, default: errorBody },
      },
    },
    async (request, reply) => {
      const who = callerOf(request)
      const { name } = request.params
      const row = await services.engine.headBlob(who, name)
      services.rates.countBytes(who, row?.sizeBytes ?? 0)
      await services.engine.checkBlob(who, name)
      services.recent.forget(who, name)
      return reply.code(204).send()
    },
  )
  // On its own, for its body may be of any type: it is bytes whatever the sender calls it.
  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
    scope.put(
      '/v1/blobs/:name',
      {
        config: { operation: 'blob.put', asksForBody: true },
        schema: {
          summary: 'Stores a blob, verifying it while it arrives',
          params,
          response: { 200: z.any(), 201: z.any(), default: errorBody },
        },
      },
      async (request, reply) => {
        const isNew = await takeUpload(request as BlobRequest, reply, services)
        return reply.code(isNew ? 201 : 200).send({ outcome: isNew ? 'stored' : 'known' })
      },
    )
  })
}

async function sendWanted(
  request: BlobRequest,
  reply: FastifyReply,
  services: ProtocolServices,
): Promise<FastifyReply | void> {
  const who = callerOf(request)
  const { name } = request.params
  const headers = blobHeaders(name)
  if (isHad(request)) {
    // Only of what is there: whoever sends the name back need not have it from here.
    if ((await services.engine.headBlob(who, name)) === undefined) throw noSuchBlob()
    return reply.code(304).headers(headers).send()
  }
  if (services.isDirect) {
    const elsewhere = await services.engine.signDownload(who, name)
    if (elsewhere !== undefined)
      return reply.header('cache-control', 'no-store').redirect(elsewhere.url, 307)
  }
  const opened = await openWanted(request, services)
  const { range, sizeBytes } = opened
  const isWhole = range.start === 0 && range.end === sizeBytes
  const wantedBytes = range.end - range.start
  await countOrClose(opened, () => services.rates.countBytes(who, wantedBytes))
  if (!isWhole) headers['content-range'] = contentRange(range, sizeBytes)
  const bytes =
    isWhole && services.recent.isSmall(sizeBytes)
      ? keeping(opened, (all) => services.recent.keep(who, name, all))
      : opened.bytes
  await sendBlob(
    reply,
    { status: isWhole ? 200 : 206, headers, bytes, sizeBytes: wantedBytes },
    services.limits,
  )
}

/** Whether the caller says that it has the blob. A proxy in between may have marked the tag as weak. */
function isHad({ headers, params: { name } }: BlobRequest): boolean {
  const tags = headers['if-none-match']?.split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  return tags?.some((tag) => tag === '*' || tag === `"${name}"`) === true
}

/** Counts bytes that are about to be sent. What is refused then is closed: it would stay open, and fill the server. */
async function countOrClose({ bytes }: OpenedBlob, count: () => void): Promise<void> {
  try {
    count()
  } catch (error) {
    await bytes[Symbol.asyncIterator]().return?.()
    throw error
  }
}

/** The same bytes; given to `keep` once they are complete. */
async function* keeping(blob: OpenedBlob, keep: (all: Buffer) => void): ByteStream {
  const pieces: Uint8Array[] = []
  for await (const piece of blob.bytes) {
    pieces.push(piece)
    yield piece
  }
  const all = Buffer.concat(pieces)
  if (all.byteLength === blob.sizeBytes) keep(all)
}

async function openWanted(request: BlobRequest, { engine }: ProtocolServices): Promise<OpenedBlob> {
  const who = callerOf(request)
  const { name } = request.params
  const opened = isRangeWanted(request)
    ? await openRange(request, engine)
    : await engine.openBlob(who, name)
  if (opened === undefined) throw noSuchBlob()
  return opened
}

function isRangeWanted({ headers, params: { name } }: BlobRequest): boolean {
  const { range, 'if-range': condition } = headers
  return range !== undefined && (condition === undefined || condition === `"${name}"`)
}

async function openRange(
  request: BlobRequest,
  engine: ProtocolServices['engine'],
): Promise<OpenedBlob | undefined> {
  const who = callerOf(request)
  const { name } = request.params
  const row = await engine.headBlob(who, name)
  if (row === undefined) return undefined
  const wanted = readRange(request.headers.range, row.sizeBytes)
  if (wanted.kind === 'whole') return await engine.openBlob(who, name)
  if (wanted.kind === 'part') return await engine.openBlob(who, name, wanted.range)
  throw new Refusal(
    'REQUEST_INVALID',
    `The blob has ${row.sizeBytes} bytes; the requested range is outside them`,
    {
      status: 416,
      headers: { 'content-range': `bytes */${row.sizeBytes}` },
    },
  )
}

function noSuchBlob(): Refusal {
  return new Refusal('NOT_FOUND', 'There is no such blob')
}
