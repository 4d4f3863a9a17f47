import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { HttpApp } from '../../http/app.ts'
import { callerOf } from '../../http/callers/caller.ts'
import { explainError } from '../../http/errors/add-errors.ts'
import type { Principal } from '../../trust/principal.ts'
import type { ArchiveServices } from './archive-services.ts'
import { addressOf } from './archive-services.ts'
import { MOST_KEYS, parseKey, parsePlace } from './cache-place.ts'
import { numberOf } from './entry-number.ts'
import { findArchive, isTaken } from './find-archive.ts'
import { keyTaken } from './key-taken.ts'
import {
  ASSEMBLED,
  beginUpload,
  completeUpload,
  findPiece,
  findUploadOf,
} from './pending-upload.ts'
import { twirpCodeOf } from './twirp-code.ts'

const SERVICE = '/twirp/github.actions.results.api.v1.CacheService'

/** Fields that we do not know are GitHub's to add: proto3 ignores them. */
const body = z.looseObject({
  key: z.string().default(''),
  version: z.string().default(''),
  restore_keys: z
    .array(z.string())
    .max(MOST_KEYS - 1)
    .default([]),
  size_bytes: z.union([z.string().regex(/^\d{1,15}$/), z.int().min(0)]).default(0),
})
type Body = z.infer<typeof body>

const answered = z.looseObject({ ok: z.boolean() })
const twirpError = z.looseObject({
  code: z.string().describe("One of Twirp's."),
  msg: z.string(),
  meta: z.object({ code: z.string().describe('Ours.') }),
})

/** GitHub's cache service, version 2: three calls in JSON. A refusal that a client should show is an answer. */
export function addTwirpRoutes(app: HttpApp, services: ArchiveServices): void {
  const calls: Readonly<Record<string, Handle>> = {
    GetCacheEntryDownloadURL: getDownloadUrl,
    CreateCacheEntry: createEntry,
    FinalizeCacheEntryUpload: finalizeUpload,
  }
  void app.register(async (scope: HttpApp) => {
    scope.setErrorHandler((error, request, reply) => {
      const { status, headers, body: refusal } = explainError(error, request)
      // Clients of Twirp read `code` and `msg`, and want Twirp's own codes; ours is beside them.
      const { code, message: msg } = refusal
      const twirp = { ...refusal, code: twirpCodeOf(status), msg, meta: { code } }
      void reply.code(status).headers(headers).send(twirp)
    })
    for (const [name, handle] of Object.entries(calls)) {
      scope.post(
        `${SERVICE}/${name}`,
        {
          config: { operation: `archive.${name}` },
          schema: {
            summary: `GitHub's cache service: ${name}`,
            body,
            response: { 200: answered, default: twirpError },
          },
        },
        async (request) =>
          await handle({ request, who: callerOf(request), body: request.body }, services),
      )
    }
  })
}

interface Call {
  readonly request: FastifyRequest
  readonly who: Principal
  readonly body: Body
}

type Answer = z.infer<typeof answered>

type Handle = (call: Call, services: ArchiveServices) => Promise<Answer>

async function getDownloadUrl(
  { request, who, body: wanted }: Call,
  services: ArchiveServices,
): Promise<Answer> {
  const { version, key } = parsePlace(wanted.key, wanted.version)
  const keys = [key, ...wanted.restore_keys.map(parseKey)]
  const found = await findArchive(services.engine, who, { version, keys })
  services.countLookup({ isHit: found !== undefined })
  if (found === undefined) return { ok: false }
  const grant = { may: 'download', id: found.id, who, version, key: found.key } as const
  const signed_download_url = addressOf(request, grant, services)
  return { ok: true, signed_download_url, matched_key: found.key }
}

async function createEntry(
  { request, who, body: wanted }: Call,
  services: ArchiveServices,
): Promise<Answer> {
  const place = parsePlace(wanted.key, wanted.version)
  // The client shows what follows these words, and the job goes on.
  if (who.writes === undefined) return refused(`cache write denied: ${who.because}`)
  if (await isTaken(services.engine, who, place)) throw keyTaken(place.key)
  const upload = await beginUpload(services, who, place)
  if (upload === undefined) throw keyTaken(place.key)
  const grant = { may: 'upload', id: upload.id, who, ...place } as const
  return { ok: true, signed_upload_url: addressOf(request, grant, services) }
}

async function finalizeUpload(
  { who, body: wanted }: Call,
  services: ArchiveServices,
): Promise<Answer> {
  const place = parsePlace(wanted.key, wanted.version)
  const upload = await findUploadOf(services, who, place)
  if (upload === undefined) return refused('This cache was never created; create it again')
  const assembled = await findPiece(services, who, { upload, key: ASSEMBLED })
  if (assembled === undefined) return refused('No bytes of this cache have arrived')
  const { blobs } = assembled
  const sizeBytes = Number(wanted.size_bytes)
  const completed = await completeUpload(services, who, { upload, blobs, sizeBytes })
  if (completed.kind === 'taken') throw keyTaken(place.key)
  if (completed.kind === 'incomplete')
    return refused(`The cache is not whole: ${completed.because}`)
  return { ok: true, entry_id: numberOf(completed.entry.id) }
}

function refused(message: string): Answer {
  return { ok: false, message }
}
