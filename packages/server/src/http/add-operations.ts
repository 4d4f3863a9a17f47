import type { Logger } from 'pino'
import type { Engine } from '../engine/engine.ts'
import type { ServerMetrics } from '../metrics/server-metrics.ts'
import { isAllowed } from '../trust/model/roles.ts'
import type { HttpApp } from './app.ts'
import { credentialsOf } from './callers/caller.ts'
import type { PrincipalCache } from './callers/principal-cache.ts'
import type { Drain } from './drain.ts'
import { Refusal } from './errors/refusal.ts'
import { createReadinessLog } from './readiness-log.ts'

interface Operated {
  readonly engine: Engine
  readonly metrics: ServerMetrics
  readonly isMetricsPublic: boolean
  readonly drain: Drain
  readonly principals: PrincipalCache
  readonly logger: Logger
  readonly now: () => number
}

const PUBLIC = { access: 'public' } as const

/** What those ask who run the server: is it alive, may traffic come, what are its numbers. */
export function addOperations(app: HttpApp, operated: Operated): void {
  const { engine, drain, metrics } = operated
  app.get(
    '/healthz',
    { config: { ...PUBLIC, operation: 'health' }, schema: { hide: true } },
    () => ({
      status: 'ok',
    }),
  )
  const readiness = createReadinessLog(operated.logger, operated.now)
  const refuse = (because: string, error?: unknown): never => {
    readiness.notReady(because, error)
    throw notReady(because)
  }
  const isHealthy = remembered(async () => await engine.checkHealth())
  app.get(
    '/readyz',
    { config: { ...PUBLIC, operation: 'ready', isProbe: true }, schema: { hide: true } },
    async () => {
      if (drain.isDraining) return refuse('it is about to end')
      await isHealthy().catch((error: unknown) => {
        refuse('its database or its objects cannot be reached', error)
      })
      readiness.ready()
      return { status: 'ready' }
    },
  )
  app.get(
    '/metrics',
    { config: { ...PUBLIC, operation: 'metrics' }, schema: { hide: true } },
    async (request, reply) => {
      if (!operated.isMetricsPublic) {
        const who = await operated.principals.authenticate(credentialsOf(request))
        if (!isAllowed(who, 'metrics:read'))
          throw new Refusal('NOT_FOUND', 'There is nothing at this address')
      }
      return reply.type(metrics.contentType).send(await metrics.render())
    },
  )
}

function notReady(because: string): Refusal {
  return new Refusal('DATABASE_UNAVAILABLE', `The server is not ready: ${because}`, {
    status: 503,
  })
}

/** Strangers may ask; they must not make the database work each time. */
function remembered(check: () => Promise<void>): () => Promise<void> {
  let askedAt = Number.NEGATIVE_INFINITY
  let answer = Promise.resolve()
  return () => {
    if (performance.now() - askedAt > 1000) {
      askedAt = performance.now()
      answer = check()
    }
    return answer
  }
}
