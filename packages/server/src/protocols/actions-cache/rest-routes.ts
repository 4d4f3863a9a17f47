import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { BlobRow } from '../../engine/engine.ts'
import type { HttpApp } from '../../http/app.ts'
import { askForBody } from '../../http/bodies/ask-for-body.ts'
import { callerOf } from '../../http/callers/caller.ts'
import { errorBody } from '../../http/errors/error-body.ts'
import { Refusal } from '../../http/errors/refusal.ts'
import type { Principal } from '../../trust/principal.ts'
import { addressOf } from './archive-services.ts'
import type { ArchiveServices } from './archive-services.ts'
import { parseKeys, parsePlace } from './cache-place.ts'
import { findArchive, isTaken } from './find-archive.ts'
import { keyTaken } from './key-taken.ts'
import {
  beginUpload,
  completeUpload,
  findPieceFrom,
  findUpload,
  storePiece,
} from './pending-upload.ts'
import type { PendingUpload } from './pending-upload.ts'

const BASE = '/_apis/artifactcache'
const idParams = z.strictObject({ id: z.string().regex(/^\d{1,15}$/) })
const wantedCache = z.looseObject({ keys: z.string().max(20_000), version: z.string() })
const newCache = z.looseObject({ key: z.string(), version: z.string() })
const foundCache = z.object({
  archiveLocation: z.string(),
  cacheKey: z.string(),
  scope: z.string(),
  cacheVersion: z.string(),
  creationTime: z.string(),
})
const commit = z.looseObject({ size: z.int().min(0) })

/** GitHub's cache service, version 1: for GitHub's own servers, local runners and older clients. */
export function addRestRoutes(app: HttpApp, services: ArchiveServices): void {
  app.get(
    `${BASE}/cache`,
    {
      config: { operation: 'archive.find' },
      schema: {
        summary: 'Finds a cache by its keys',
        querystring: wantedCache,
        response: { 200: foundCache, 204: z.any(), default: errorBody },
      },
    },
    async (request, reply) => await answerFound(request, reply, services),
  )
  app.post(
    `${BASE}/caches`,
    {
      config: { operation: 'archive.create' },
      schema: {
        summary: 'Begins to send a cache',
        body: newCache,
        response: { 201: z.object({ cacheId: z.int() }), default: errorBody },
      },
    },
    async (request, reply) => {
      const who = callerOf(request)
      const place = parsePlace(request.body.key, request.body.version)
      if (await isTaken(services.engine, who, place)) throw keyTaken(place.key)
      const upload = await beginUpload(services, who, place)
      if (upload === undefined) throw keyTaken(place.key)
      return await reply.code(201).send({ cacheId: Number(upload.id) })
    },
  )
  app.post(
    `${BASE}/caches/:id`,
    {
      config: { operation: 'archive.commit' },
      schema: {
        summary: 'Says that a cache is whole',
        params: idParams,
        body: commit,
        response: { 204: z.any(), default: errorBody },
      },
    },
    async (request, reply) => {
      const upload = await needUpload(request, request.params.id, services)
      await commitUpload(callerOf(request), { upload, sizeBytes: request.body.size }, services)
      return await reply.code(204).send()
    },
  )
  void app.register(async (scope: HttpApp) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
    scope.patch(
      `${BASE}/caches/:id`,
      {
        config: { operation: 'archive.patch', asksForBody: true },
        schema: {
          summary: 'Takes a range of a cache in',
          params: idParams,
          response: { 204: z.any(), default: errorBody },
        },
      },
      async (request, reply) => {
        const upload = await needUpload(request, request.params.id, services)
        await takeRange(request, { upload, reply }, services)
        return await reply.code(204).send()
      },
    )
  })
}

async function answerFound(
  request: FastifyRequest & { readonly query: z.infer<typeof wantedCache> },
  reply: FastifyReply,
  services: ArchiveServices,
): Promise<FastifyReply> {
  const who = callerOf(request)
  const keys = parseKeys(request.query.keys)
  const { version } = parsePlace(keys[0], request.query.version)
  const found = await findArchive(services.engine, who, { version, keys })
  services.countLookup({ isHit: found !== undefined })
  if (found === undefined) return await reply.code(204).send()
  const grant = { may: 'download', id: found.id, who, version, key: found.key } as const
  return await reply.send({
    archiveLocation: addressOf(request, grant, services),
    cacheKey: found.key,
    scope: found.scope,
    cacheVersion: version,
    creationTime: new Date(found.createdAtMs).toISOString(),
  })
}

async function needUpload(
  request: FastifyRequest,
  id: string,
  services: ArchiveServices,
): Promise<PendingUpload> {
  const upload = await findUpload(services, callerOf(request), id)
  if (upload === undefined) throw new Refusal('NOT_FOUND', `No cache ${id} is being sent`)
  return upload
}

async function takeRange(
  request: FastifyRequest,
  { upload, reply }: { readonly upload: PendingUpload; readonly reply: FastifyReply },
  services: ArchiveServices,
): Promise<void> {
  const who = callerOf(request)
  const { start, end } = rangeOf(request.headers['content-range'])
  const sizeBytes = end - start
  if (sizeBytes > services.limits.maxBlobBytes) {
    throw new Refusal('REQUEST_TOO_LARGE', 'Send a cache in smaller ranges')
  }
  services.rates.countBytes(who, sizeBytes)
  const bytes = askForBody(request, reply, services.limits)
  const piece = { key: `${rangeKey(start)}${end}`, bytes, sizeBytes }
  await storePiece(services, who, { upload, piece })
}

/** Bytes from `start`; found by it, whatever the length. */
function rangeKey(start: number): string {
  return `range:${start}-`
}

function rangeOf(header: string | undefined): { start: number; end: number } {
  const [, first, last] = /^bytes (\d{1,15})-(\d{1,15})\/\*$/.exec(header ?? '') ?? []
  const [start, end] = [Number(first), Number(last) + 1]
  if (first === undefined || start >= end) {
    throw new Refusal('REQUEST_INVALID', 'Name the range: Content-Range: bytes FIRST-LAST/*')
  }
  return { start, end }
}

async function commitUpload(
  who: Principal,
  { upload, sizeBytes }: { readonly upload: PendingUpload; readonly sizeBytes: number },
  services: ArchiveServices,
): Promise<void> {
  const blobs: BlobRow[] = []
  for (let start = 0; start < sizeBytes;) {
    const prefix = rangeKey(start)
    const blob = (await findPieceFrom(services, who, { upload, prefix }))?.blobs[0]
    // A piece without bytes would be found again and again: it leads nowhere.
    if (blob === undefined || blob.sizeBytes === 0) {
      throw new Refusal(
        'REQUEST_INVALID',
        `The cache is not whole: nothing came from byte ${start}`,
      )
    }
    blobs.push(blob)
    start += blob.sizeBytes
  }
  const completed = await completeUpload(services, who, { upload, blobs, sizeBytes })
  if (completed.kind === 'taken') throw keyTaken(upload.key)
  if (completed.kind === 'incomplete') {
    throw new Refusal('REQUEST_INVALID', `The cache is not whole: ${completed.because}`)
  }
}
