import type { ByteRange, ByteStream } from '@taskvault/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { BlobRow, StoredEntry } from '../../engine/engine.ts'
import type { HttpApp } from '../../http/app.ts'
import { askForBody } from '../../http/bodies/ask-for-body.ts'
import { readRange } from '../../http/bodies/byte-range.ts'
import { blobHeaders, contentRange, sendBlob } from '../../http/bodies/send-blob.ts'
import { explainError } from '../../http/errors/add-errors.ts'
import { Refusal } from '../../http/errors/refusal.ts'
import { TRANSFER_PATH } from './archive-services.ts'
import type { ArchiveServices } from './archive-services.ts'
import { parseBlockList } from './block-list.ts'
import { namespaceOf } from './cache-place.ts'
import { openArchive } from './open-archive.ts'
import { assemble, findPiece, storePiece } from './pending-upload.ts'
import { readAddress } from './signed-address.ts'
import type { Grant } from './signed-address.ts'

const params = z.strictObject({ id: z.string().max(200) })
const querystring = z.looseObject({
  sig: z.string().max(12_000).default(''),
  comp: z.enum(['block', 'blocklist']).optional(),
  blockid: z.string().max(128).optional(),
})

const xmlError = z.any().describe("XML, as Azure's clients read it.")

/** Of the longest block list that is taken. */
const BLOCK_LIST_BYTES = 4 * 1024 ** 2

interface TransferRequest extends FastifyRequest {
  readonly params: z.infer<typeof params>
  readonly query: z.infer<typeof querystring>
}

/** The bytes of archives: in as Azure's clients send block blobs, out as any client of HTTP fetches a file. */
export function addTransferRoutes(app: HttpApp, services: ArchiveServices): void {
  void app.register(async (scope: HttpApp) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
    scope.setErrorHandler(sendAzureError)
    scope.put(
      `${TRANSFER_PATH}/:id`,
      {
        config: { access: 'public', operation: 'archive.put', asksForBody: true },
        schema: {
          summary: 'Takes an archive in, whole or in blocks',
          params,
          querystring,
          response: { 201: z.any(), default: xmlError },
        },
      },
      async (request, reply) => await takeIn(request as TransferRequest, reply, services),
    )
    scope.route({
      method: ['GET', 'HEAD'],
      url: `${TRANSFER_PATH}/:id`,
      exposeHeadRoute: false,
      config: { access: 'public', operation: 'archive.get' },
      schema: {
        summary: 'The bytes of an archive',
        params,
        querystring,
        response: { 200: z.any(), 206: z.any(), default: xmlError },
      },
      handler: async (request, reply) => await giveOut(request as TransferRequest, reply, services),
    })
  })
}

async function takeIn(
  request: TransferRequest,
  reply: FastifyReply,
  services: ArchiveServices,
): Promise<FastifyReply> {
  const grant = grantOf(request, 'upload', services)
  services.rates.countRequest(grant.who)
  const { comp, blockid } = request.query
  if (comp === 'blocklist') await takeBlockList(request, { grant, reply }, services)
  else if (comp === 'block')
    await takePiece(request, { grant, reply, key: blockKey(blockid) }, services)
  else {
    const blob = await takePiece(request, { grant, reply, key: 'whole' }, services)
    await assemble(services, grant.who, { upload: grant, blobs: [blob] })
  }
  return reply
    .code(201)
    .headers({ 'x-ms-request-id': request.id, 'x-ms-version': '2026-02-06', etag: `"${grant.id}"` })
    .send()
}

interface Taking {
  readonly grant: Grant
  readonly reply: FastifyReply
}

async function takePiece(
  request: TransferRequest,
  { grant, reply, key }: Taking & { readonly key: string },
  services: ArchiveServices,
): Promise<BlobRow> {
  const { limits, rates } = services
  const sizeBytes = Number(request.headers['content-length'] ?? Number.NaN)
  if (!Number.isSafeInteger(sizeBytes)) {
    throw new Refusal('REQUEST_INVALID', 'Send the bytes with their Content-Length', {
      status: 411,
    })
  }
  if (sizeBytes > limits.maxBlobBytes) throw tooLarge(limits.maxBlobBytes)
  rates.countBytes(grant.who, sizeBytes)
  const bytes = askForBody(request, reply, services.limits)
  const piece = { key, bytes, sizeBytes }
  return await storePiece(services, grant.who, { upload: grant, piece })
}

async function takeBlockList(
  request: TransferRequest,
  { grant, reply }: Taking,
  services: ArchiveServices,
): Promise<void> {
  const ids = parseBlockList(await readText(askForBody(request, reply, services.limits)))
  // A list may name a block as often as it likes: it is looked up once.
  const arrived = new Map<string, BlobRow>()
  for (const id of new Set(ids)) {
    const piece = await findPiece(services, grant.who, { upload: grant, key: blockKey(id) })
    const blob = piece?.blobs[0]
    if (blob === undefined) throw new Refusal('REQUEST_INVALID', `No block ${id} has arrived`)
    arrived.set(id, blob)
  }
  const blobs = ids.flatMap((id) => arrived.get(id) ?? [])
  await assemble(services, grant.who, { upload: grant, blobs })
}

function blockKey(id: string | undefined): string {
  if (id === undefined || id === '') throw new Refusal('REQUEST_INVALID', 'A block has a blockid')
  return `block:${id}`
}

async function readText(bytes: ByteStream): Promise<string> {
  const pieces: Uint8Array[] = []
  let sizeBytes = 0
  for await (const piece of bytes) {
    sizeBytes += piece.byteLength
    if (sizeBytes > BLOCK_LIST_BYTES) throw tooLarge(BLOCK_LIST_BYTES)
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}

async function giveOut(
  request: TransferRequest,
  reply: FastifyReply,
  services: ArchiveServices,
): Promise<FastifyReply | void> {
  const grant = grantOf(request, 'download', services)
  services.rates.countRequest(grant.who)
  const entry = await findGranted(grant, services)
  const headers = { ...blobHeaders(entry.id), 'x-ms-request-id': request.id }
  if (request.method === 'HEAD') {
    return await reply.headers({ ...headers, 'content-length': entry.sizeBytes }).send()
  }
  const range = wantedRange(request, entry.sizeBytes)
  const wantedBytes = range.end - range.start
  services.rates.countBytes(grant.who, wantedBytes)
  const isWhole = wantedBytes === entry.sizeBytes
  await sendBlob(
    reply,
    {
      status: isWhole ? 200 : 206,
      headers: isWhole
        ? headers
        : { ...headers, 'content-range': contentRange(range, entry.sizeBytes) },
      bytes: openArchive(services.engine, grant.who, { blobs: entry.blobs, range }),
      sizeBytes: wantedBytes,
    },
    services.limits,
  )
}

/** The entry that was found when the address was made, if it is still there. */
async function findGranted(grant: Grant, { engine }: ArchiveServices): Promise<StoredEntry> {
  const namespace = namespaceOf(grant.version)
  for (const scope of grant.who.reads) {
    const within = { ...grant.who, reads: [scope] }
    const entry = await engine.find(within, { namespace, key: grant.key })
    if (entry?.id === grant.id) return entry
  }
  throw new Refusal('NOT_FOUND', 'This cache is not there any more')
}

function wantedRange({ headers }: FastifyRequest, sizeBytes: number): ByteRange {
  // Azure's own name for it; some clients send only that.
  const asked = headers['x-ms-range'] ?? headers.range
  const wanted = readRange(Array.isArray(asked) ? asked[0] : asked, sizeBytes)
  if (wanted.kind === 'part') return wanted.range
  if (wanted.kind === 'whole') return { start: 0, end: sizeBytes }
  throw new Refusal('REQUEST_INVALID', `The cache has ${sizeBytes} bytes: not those`, {
    status: 416,
    headers: { 'content-range': `bytes */${sizeBytes}` },
  })
}

function grantOf(request: TransferRequest, may: Grant['may'], services: ArchiveServices): Grant {
  const wanted = { may, id: request.params.id, nowMs: services.now() }
  return readAddress(request.query.sig, wanted, services.secret)
}

function tooLarge(mostBytes: number): Refusal {
  return new Refusal('REQUEST_TOO_LARGE', `At most ${mostBytes} bytes can be sent at once`)
}

/** In the shape that Azure's clients read. */
function sendAzureError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const { status, headers, body } = explainError(error, request)
  const text = body.message.replaceAll(/[<>&]/g, ' ')
  void reply
    .code(status)
    .headers({ ...headers, 'x-ms-error-code': body.code, 'content-type': 'application/xml' })
    .send(
      `<?xml version="1.0" encoding="utf-8"?><Error><Code>${body.code}</Code><Message>${text}</Message></Error>`,
    )
}
