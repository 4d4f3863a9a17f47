import { LogController, fastify } from 'fastify'
import { validatorCompiler } from 'fastify-type-provider-zod'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Logger } from 'pino'
import type { Engine } from '../engine/engine.ts'
import { createMeasuredEngine } from '../metrics/measured-engine.ts'
import type { ServerMetrics } from '../metrics/server-metrics.ts'
import type { Authenticator } from '../trust/authenticator.ts'
import type { Signer } from '../trust/signing-keys.ts'
import { addAuthentication } from './add-authentication.ts'
import { addBodies } from './add-bodies.ts'
import { addErrors, sendError } from './add-errors.ts'
import { addObservation } from './add-observation.ts'
import { addOpenApi } from './add-openapi.ts'
import { addOperations } from './add-operations.ts'
import type { HttpApp } from './app.ts'
import { createDrain } from './drain.ts'
import type { Drain } from './drain.ts'
import type { HttpLimits } from './limits.ts'
import { answerGarbage, createNodeServer } from './node-server.ts'
import type { TlsMaterial } from './node-server.ts'
import { createPrincipalCache } from './principal-cache.ts'
import type { Protocol, ProtocolServices } from './protocol.ts'
import { createQuickBlobs } from './quick-blobs.ts'
import type { QuickAnswer } from './quick-blobs.ts'
import { createRateLimits } from './rate-limits.ts'
import { createRecentBlobs } from './recent-blobs.ts'

export interface HttpServerOptions {
  readonly engine: Engine
  readonly authenticator: Authenticator
  readonly publicKeys: Signer['publicKeys']
  readonly protocols: readonly Protocol[]
  readonly metrics: ServerMetrics
  /** Whether `/metrics` answers everybody; otherwise whoever belongs to the default tenant. */
  readonly isMetricsPublic: boolean
  readonly limits: HttpLimits
  readonly tls?: TlsMaterial | undefined
  readonly isDirect: boolean
  readonly publicUrl: string | undefined
  readonly logger: Logger
  /** Milliseconds since 1970. */
  readonly now: () => number
}

export interface HttpServer {
  /** Starts to listen; gives the address that callers of this machine use: `http://127.0.0.1:9999`. */
  listen(at: { readonly host: string; readonly port: number }): Promise<string>
  /** Lets running requests end, at most for `timeoutMs`, then closes every connection. */
  close(timeoutMs: number): Promise<void>
  /** From now on `/readyz` tells load balancers to send nobody any more; everything still works. */
  startDraining(): void
  /** For tests that need no socket, and documents. */
  readonly app: HttpApp
}

/** The server over HTTP. The engine and the authenticator stay the caller's to close. */
export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const drain = createDrain()
  const principals = createPrincipalCache(options.authenticator, options.now)
  const rates = createRateLimits(options.limits, options.now)
  const recent = createRecentBlobs()
  const { stallTimeoutMs } = options.limits
  const quick = createQuickBlobs({ ...options, recent, principals, rates, drain, stallTimeoutMs })
  const app = createApp(options, quick)
  const services: CommonServices = {
    ...options,
    rates,
    recent,
    authenticator: forgetting(options.authenticator, principals),
  }
  addErrors(app)
  addObservation(app, options)
  drain.watch(app)
  addAuthentication(app, { principals, rates })
  addBodies(app, options.limits)
  await addOpenApi(app)
  for (const protocol of options.protocols) addProtocol(app, protocol, { ...options, services })
  addOperations(app, { ...options, drain, principals })
  await app.ready()
  return { ...lifeOf(app, drain, options), app }
}

function createApp({ limits, tls, logger }: HttpServerOptions, quick: QuickAnswer): HttpApp {
  const app = fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: limits.maxJsonBytes,
    requestTimeout: 0,
    clientErrorHandler: answerGarbage,
    frameworkErrors: sendError,
    routerOptions: { maxParamLength: 2048 },
    serverFactory: (handle) =>
      createNodeServer({
        limits,
        tls,
        onRequest: (request, response) => {
          if (!quick(request, response)) handle(request, response)
        },
      }),
    ...NO_PROTOTYPES,
  }).withTypeProvider<ZodTypeProvider>()
  app.setValidatorCompiler(validatorCompiler)
  // Schemas of answers are for the document; checking our own answers would cost each of them.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data))
  return app
}

/** A body that names a prototype is an attack on somebody's code, if not on ours. */
const NO_PROTOTYPES = { onProtoPoisoning: 'error', onConstructorPoisoning: 'error' } as const

/** A session that is closed here, and a key that is revoked here, are unknown here at once. */
function forgetting(
  authenticator: Authenticator,
  principals: ReturnType<typeof createPrincipalCache>,
): Authenticator {
  const { keys } = authenticator
  return {
    authenticate: principals.authenticate,
    openSession: (credentials) => authenticator.openSession(credentials),
    closeSession: async (principal) => {
      await authenticator.closeSession(principal)
      principals.forgetTenant(principal.tenantId)
    },
    keys: {
      ...keys,
      revoke: async (who, id) => {
        const isRevoked = await keys.revoke(who, id)
        principals.forgetTenant(who.tenantId)
        return isRevoked
      },
    },
  }
}

/** What is the same for every protocol. */
type CommonServices = Omit<ProtocolServices, 'engine' | 'uncounted' | 'countLookup'>

interface ProtocolSurroundings {
  readonly engine: Engine
  readonly metrics: ServerMetrics
  readonly services: CommonServices
}

function addProtocol(app: HttpApp, protocol: Protocol, given: ProtocolSurroundings): void {
  const { metrics, services } = given
  const engine = createMeasuredEngine(given.engine, {
    metrics,
    protocol: protocol.name,
    taskOf: protocol.taskOf,
  })
  const addTo = async (scope: HttpApp): Promise<void> => {
    scope.addHook('onRoute', (route) => {
      route.config = { ...route.config, protocol: protocol.name }
    })
    const countLookup: ProtocolServices['countLookup'] = ({ isHit, task }) =>
      metrics.countLookup({ protocol: protocol.name, task, isHit })
    protocol.register(scope, { ...services, engine, uncounted: given.engine, countLookup })
  }
  void app.register(addTo)
}

function lifeOf(
  app: HttpApp,
  drain: Drain,
  { publicUrl }: HttpServerOptions,
): Omit<HttpServer, 'app'> {
  return {
    listen: async ({ host, port }) => {
      const url = await app.listen({ host, port })
      return publicUrl ?? url
    },
    startDraining: drain.start,
    close: async (timeoutMs) => {
      drain.start()
      const timer = setTimeout(() => app.server.closeAllConnections(), timeoutMs)
      await app.close()
      clearTimeout(timer)
    },
  }
}
