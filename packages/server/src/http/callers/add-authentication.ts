import type { FastifyRequest } from 'fastify'
import type { HttpApp } from '../app.ts'
import { isCounted } from '../quick-answers.ts'
import { credentialsOf } from './caller.ts'
import type { PrincipalCache } from './principal-cache.ts'
import type { RateLimits } from './rate-limits.ts'

interface Gate {
  readonly principals: PrincipalCache
  readonly rates: RateLimits
}

/** Lets nobody pass to a route that is not public before it is known who it is, and that it has not had too much. */
export function addAuthentication(app: HttpApp, { principals, rates }: Gate): void {
  app.decorateRequest('principal', null)
  app.addHook('onRequest', async (request) => {
    if (isPublic(request)) return
    const credentials = credentialsOf(request)
    const principal = principals.recall(credentials) ?? (await principals.authenticate(credentials))
    if (!isCounted(request.raw)) rates.countRequest(principal)
    request.principal = principal
  })
}

function isPublic({ is404, routeOptions }: FastifyRequest): boolean {
  return is404 || routeOptions.config.access === 'public'
}
