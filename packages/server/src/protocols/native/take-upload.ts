import type { BlobName, ByteStream } from '@taskvault/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { callerOf } from '../../http/caller.ts'
import { sendContinue } from '../../http/expect-continue.ts'
import type { ProtocolServices } from '../../http/protocol.ts'
import { receiveBody } from '../../http/receive-body.ts'
import { Refusal } from '../../http/refusal.ts'
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
  return await engine.storeBlob(who, { name, sizeBytes }, bodyOf(request, reply, limits))
}

/** The sender is asked for the body when its first byte is. */
async function* bodyOf(
  { raw }: FastifyRequest,
  reply: FastifyReply,
  limits: ProtocolServices['limits'],
): ByteStream {
  sendContinue(raw, reply.raw)
  const { bodyGraceMs: graceMs, leastBytesPerSecond } = limits
  yield* receiveBody(raw, { graceMs, leastBytesPerSecond })
}

function declaredSize({ headers }: FastifyRequest): number {
  const length = headers['content-length']
  if (length === undefined || !/^\d{1,15}$/.test(length)) {
    throw new Refusal('REQUEST_INVALID', 'A blob is sent with its Content-Length', { status: 411 })
  }
  return Number(length)
}
