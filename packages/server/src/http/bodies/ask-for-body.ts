import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ByteStream } from '@taskvault/core'
import type { HttpLimits } from '../limits.ts'
import { sendContinue } from './expect-continue.ts'
import { receiveBody } from './receive-body.ts'

/** The body of a request whose route asks for it itself; the sender is told to go on when it is first read. */
export async function* askForBody(
  request: { readonly raw: IncomingMessage },
  reply: { readonly raw: ServerResponse },
  { bodyGraceMs: graceMs, leastBytesPerSecond }: HttpLimits,
): ByteStream {
  sendContinue(request.raw, reply.raw)
  yield* receiveBody(request.raw, { graceMs, leastBytesPerSecond })
}
