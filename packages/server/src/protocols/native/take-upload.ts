import type { BlobName } from '@taskvault/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { askForBody } from '../../http/bodies/ask-for-body.ts'
import { callerOf } from '../../http/callers/caller.ts'
import { Refusal } from '../../http/errors/refusal.ts'
import type { ProtocolServices } from '../../http/protocol.ts'
import { refuseTooLarge } from './blob-batch-routes.ts'

type UploadRequest = FastifyRequest & { readonly params: { readonly name: BlobName } }

/** Stores the body as the blob that the address names. Whether it was not there before. */
export async function takeUpload(
  request: UploadRequest,
  reply: FastifyReply,
  { engine, rates, limits }: ProtocolServices,
): Promise<boolean> {
  const who = callerOf(request)
  const { name } = request.params
  const sizeBytes = declaredSize(request)
  refuseTooLarge(name, sizeBytes, limits.maxBlobBytes)
  rates.countBytes(who, sizeBytes)
  return await engine.storeBlob(who, { name, sizeBytes }, askForBody(request, reply, limits))
}

function declaredSize({ headers }: FastifyRequest): number {
  const length = headers['content-length']
  if (length === undefined || !/^\d{1,15}$/.test(length)) {
    throw new Refusal('REQUEST_INVALID', 'Send a blob with its Content-Length', { status: 411 })
  }
  return Number(length)
}
