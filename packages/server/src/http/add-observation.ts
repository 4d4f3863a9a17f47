import type { FastifyReply, FastifyRequest } from 'fastify'
import type { RequestOutcome, ServerMetrics } from '../metrics/server-metrics.ts'
import type { HttpApp } from './app.ts'

/** Measures every request, and logs those that were refused or failed. */
export function addObservation(
  app: HttpApp,
  { metrics }: { readonly metrics: ServerMetrics },
): void {
  app.addHook('onResponse', (request, reply, done) => {
    const { protocol = 'http', operation = 'other' } = request.routeOptions.config
    const outcome = outcomeOf(reply.statusCode)
    metrics.observe({ protocol, operation, outcome, seconds: reply.elapsedTime / 1000 })
    log(request, reply, outcome)
    done()
  })
}

function log(request: FastifyRequest, reply: FastifyReply, outcome: RequestOutcome): void {
  const { method, url: route, config } = request.routeOptions
  const level = config.isProbe === true ? 'debug' : levelOf(outcome, reply.statusCode)
  request.log[level](
    {
      method,
      // The pattern and not the address: names of tasks and keys are nobody's business here.
      route,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime),
      tenant: request.principal?.tenantId,
    },
    'request',
  )
}

/** Conflicts are answers like others: clients publish first, and send what is missing then. */
function levelOf(outcome: RequestOutcome, status: number): 'debug' | 'info' | 'error' {
  if (outcome === 'failed') return 'error'
  return outcome === 'refused' && status !== 409 ? 'info' : 'debug'
}

function outcomeOf(status: number): RequestOutcome {
  if (status < 400) return 'ok'
  if (status === 404) return 'not-found'
  return status < 500 ? 'refused' : 'failed'
}
