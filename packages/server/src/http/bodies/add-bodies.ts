import { Readable } from 'node:stream'
import type { HttpApp } from '../app.ts'
import type { HttpLimits } from '../limits.ts'
import { sendContinue } from './expect-continue.ts'
import { receiveBody } from './receive-body.ts'
import { answerBeforeBody, hasBody } from './unread-body.ts'

/** How bodies come in: JSON is read before its route is called, bytes are left to the route. */
export function addBodies(app: HttpApp, limits: HttpLimits): void {
  const pace = { graceMs: limits.bodyGraceMs, leastBytesPerSecond: limits.leastBytesPerSecond }
  app.removeContentTypeParser('text/plain')
  app.addContentTypeParser('application/octet-stream', (_request, _payload, done) => done(null))
  app.addHook('preParsing', async (request, reply, payload) => {
    if (request.routeOptions.config.asksForBody === true || !hasBody(request.raw)) return payload
    sendContinue(request.raw, reply.raw)
    return Readable.from(receiveBody(request.raw, pace))
  })
  app.addHook('onSend', async ({ raw }, reply) => answerBeforeBody(raw, reply.raw))
}
