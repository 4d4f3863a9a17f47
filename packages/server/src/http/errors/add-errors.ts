import type { FastifyReply, FastifyRequest } from 'fastify'
import type { HttpApp } from '../app.ts'
import { answerError } from './error-answer.ts'
import type { ErrorAnswer } from './error-answer.ts'
import { nameFrameworkError } from './framework-error.ts'
import { Refusal } from './refusal.ts'

/** Makes every failure the one shape of refusals, also of what no route answers. */
export function addErrors(app: HttpApp): void {
  app.setErrorHandler(sendError)
  app.setNotFoundHandler((request, reply) => answerNowhere(request, reply))
}

/** Answers a failure; the framework's own as well. */
export function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const { status, headers, body } = explainError(error, request)
  void reply.code(status).headers(headers).send(body)
}

/** How a failure is answered; what only the server's people may know goes to the log. */
export function explainError(error: unknown, { log, routeOptions }: FastifyRequest): ErrorAnswer {
  const answer = answerError(nameFrameworkError(error))
  const what = { err: error, route: routeOptions.url }
  // Without a cause it went as it should, as for who asks a server that is about to end.
  const isMeant = error instanceof Refusal && error.cause === undefined
  if (answer.status >= 500 && !isMeant) log.error(what, 'a request failed')
  else log.debug({ code: answer.body.code, route: routeOptions.url }, 'a request was refused')
  return answer
}

function answerNowhere(request: FastifyRequest, reply: FastifyReply): void {
  const { status, body } = answerError(
    new Refusal('NOT_FOUND', `Nothing answers to ${request.method} at this address`, {
      hint: 'See /openapi.json for what exists.',
    }),
  )
  void reply.code(status).send(body)
}
