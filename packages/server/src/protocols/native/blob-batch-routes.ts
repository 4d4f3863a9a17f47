import type { BlobName } from '@taskvault/core'
import { z } from 'zod'
import type { UploadPlan } from '../../engine/engine.ts'
import type { HttpApp } from '../../http/app.ts'
import { callerOf } from '../../http/callers/caller.ts'
import { errorBody } from '../../http/errors/error-body.ts'
import { Refusal } from '../../http/errors/refusal.ts'
import type { ProtocolServices } from '../../http/protocol.ts'
import { blobName, sentBlob } from './schemas.ts'

const MOST_NAMES = 10_000
const MOST_UPLOADS = 1000

const missing = z.object({ missing: z.array(blobName).readonly() })
const uploads = z.object({
  uploads: z.array(
    z.object({
      name: blobName,
      method: z.literal('PUT'),
      url: z.string().describe('Absolute, or relative to this server.'),
      headers: z.record(z.string(), z.string()).describe('Send them exactly as given.'),
    }),
  ),
})
const sentBlobs = z.strictObject({ blobs: z.array(sentBlob).max(MOST_UPLOADS) })

/** Many blobs at once: which are missing, how to send them, whether they arrived. */
export function addBlobBatchRoutes(app: HttpApp, { engine, limits }: ProtocolServices): void {
  app.post(
    '/v1/blobs/missing',
    {
      config: { operation: 'blobs.missing' },
      schema: {
        summary: 'Returns which of these blobs are missing',
        body: z.strictObject({ names: z.array(blobName).max(MOST_NAMES) }),
        response: { 200: missing, default: errorBody },
      },
    },
    async (request) => ({
      missing: await engine.findMissing(callerOf(request), request.body.names),
    }),
  )
  app.post(
    '/v1/blobs/uploads',
    {
      config: { operation: 'blobs.uploads' },
      schema: {
        summary: 'Returns how to send each missing blob',
        body: sentBlobs,
        response: { 200: uploads, default: errorBody },
      },
    },
    async (request) => {
      const { blobs } = request.body
      for (const { name, sizeBytes } of blobs) refuseTooLarge(name, sizeBytes, limits.maxBlobBytes)
      const plans = await engine.planUploads(callerOf(request), blobs)
      return { uploads: plans.map(describePlan) }
    },
  )
  app.post(
    '/v1/blobs/confirm',
    {
      config: { operation: 'blobs.confirm' },
      schema: {
        summary:
          'Registers blobs that were sent directly to the bucket; returns those that are missing',
        body: sentBlobs,
        response: { 200: missing, default: errorBody },
      },
    },
    async (request) => ({
      missing: await engine.confirmUploads(callerOf(request), request.body.blobs),
    }),
  )
}

interface DescribedPlan {
  readonly name: BlobName
  readonly method: 'PUT'
  readonly url: string
  readonly headers: Record<string, string>
}

/** @throws {TaskVaultError} REQUEST_TOO_LARGE. */
export function refuseTooLarge(name: BlobName, sizeBytes: number, maxBlobBytes: number): void {
  if (sizeBytes <= maxBlobBytes) return
  throw new Refusal(
    'REQUEST_TOO_LARGE',
    `Blob ${name} has ${sizeBytes} bytes; this server takes at most ${maxBlobBytes}`,
    { hint: 'Ask whoever runs the server to raise limits.max_blob_bytes.' },
  )
}

function describePlan({ name, direct }: UploadPlan): DescribedPlan {
  if (direct === undefined) return { name, method: 'PUT', url: `/v1/blobs/${name}`, headers: {} }
  return { name, method: 'PUT', url: direct.url, headers: { ...direct.headers } }
}
