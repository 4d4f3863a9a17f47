import type { IncomingMessage, ServerResponse } from 'node:http'
import { LogController, fastify } from 'fastify'
import { validatorCompiler } from 'fastify-type-provider-zod'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Logger } from 'pino'
import type { Engine } from '../engine/engine.ts'
import type { ServerMetrics } from '../metrics/server-metrics.ts'
import type { AuditReader } from '../tenants/audit-reader.ts'
import type { Tenants } from '../tenants/tenants.ts'
import type { Authenticator } from '../trust/authenticator.ts'
import type { Signer } from '../trust/signing-keys.ts'
import { addHostCheck } from './add-host-check.ts'
import { addObservation } from './add-observation.ts'
import { addOpenApi } from './add-openapi.ts'
import { addOperations } from './add-operations.ts'
import type { HttpApp } from './app.ts'
import { addBodies } from './bodies/add-bodies.ts'
import { createRecentBlobs } from './bodies/recent-blobs.ts'
import { addAuthentication } from './callers/add-authentication.ts'
import { createForgettingAuthenticator } from './callers/forgetting-authenticator.ts'
import { createPrincipalCache } from './callers/principal-cache.ts'
import { createRateLimits } from './callers/rate-limits.ts'
import { createDrain } from './drain.ts'
import type { Drain } from './drain.ts'
import { addErrors, sendError } from './errors/add-errors.ts'
import { keepAnswersWhole } from './keep-answers-whole.ts'
import type { HttpLimits } from './limits.ts'
import { answerGarbage, createNodeServer } from './node-server.ts'
import type { TlsMaterial } from './node-server.ts'
import { servicesFor } from './protocol-services.ts'
import type { CommonServices } from './protocol-services.ts'
import type { Protocol, ProtocolServices } from './protocol.ts'
import { createQuickAnswers } from './quick-answers.ts'
import type { QuickQuestion } from './quick-answers.ts'

export interface HttpServerOptions {
  readonly engine: Engine
  readonly authenticator: Authenticator
  readonly tenants: Tenants
  readonly audit: AuditReader
  readonly publicKeys: Signer['publicKeys']
  readonly protocols: readonly Protocol[]
  readonly metrics: ServerMetrics
  /** Whether `/metrics` answers everybody; otherwise whoever belongs to the default tenant. */
  readonly isMetricsPublic: boolean
  readonly limits: HttpLimits
  readonly tls?: TlsMaterial | undefined
  readonly isAuthenticated: boolean
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
  const { authenticator, protocols, limits, now } = options
  const principals = createPrincipalCache(authenticator, now)
  const common: CommonServices = {
    ...options,
    rates: createRateLimits(limits, now),
    recent: createRecentBlobs(),
    authenticator: createForgettingAuthenticator(authenticator, principals),
  }
  const served = protocols.map((protocol) => ({
    protocol,
    services: servicesFor(protocol, common, options),
  }))
  const { stallTimeoutMs } = limits
  const gate = { ...options, rates: common.rates, principals, drain, stallTimeoutMs }
  const app = createApp(options, (rest) =>
    options.isAuthenticated
      ? createQuickAnswers({ ...gate, recognize: recognizeAny(served) }, rest)
      : rest,
  )
  addErrors(app)
  addHostCheck(app, options)
  addObservation(app, options)
  drain.watch(app)
  keepAnswersWhole(app.server)
  addAuthentication(app, gate)
  addBodies(app, limits)
  await addOpenApi(app)
  for (const each of served) addProtocol(app, each)
  addOperations(app, gate)
  await app.ready()
  return { ...lifeOf(app, drain, options), app }
}

type Listener = (request: IncomingMessage, response: ServerResponse) => void

/** @param before what sees requests first, and passes on what it does not answer. */
function createApp(
  { limits, tls, logger }: HttpServerOptions,
  before: (rest: Listener) => Listener,
): HttpApp {
  const app = fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: limits.maxJsonBytes,
    requestTimeout: 0,
    // Whoever is still connected when we end is served, and told to connect anew.
    return503OnClosing: false,
    clientErrorHandler: answerGarbage,
    frameworkErrors: sendError,
    routerOptions: { maxParamLength: 2048 },
    serverFactory: (rest) => createNodeServer({ limits, tls, onRequest: before(rest) }),
    ...NO_PROTOTYPES,
  }).withTypeProvider<ZodTypeProvider>()
  app.setValidatorCompiler(validatorCompiler)
  // Schemas of answers are for the document; checking our own answers would cost each of them.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data))
  return app
}

/** A body that names a prototype is an attack on somebody's code, if not on ours. */
const NO_PROTOTYPES = { onProtoPoisoning: 'error', onConstructorPoisoning: 'error' } as const

interface Served {
  readonly protocol: Protocol
  readonly services: ProtocolServices
}

function recognizeAny(served: readonly Served[]): (path: string) => QuickQuestion | undefined {
  const all = served.flatMap(
    ({ protocol, services }) => protocol.createQuickQuestions?.(services) ?? [],
  )
  return (path) => {
    for (const recognize of all) {
      const question = recognize(path)
      if (question !== undefined) return question
    }
    return undefined
  }
}

function addProtocol(app: HttpApp, { protocol, services }: Served): void {
  const addTo = async (scope: HttpApp): Promise<void> => {
    scope.addHook('onRoute', (route) => {
      route.config = { ...route.config, protocol: protocol.name }
    })
    protocol.register(scope, services)
  }
  void app.register(addTo)
}

/** Where callers of this machine find what listens on `host`. */
function nameOfHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  const name = host === '::' ? '::1' : host
  return name.includes(':') ? `[${name}]` : name
}

/** Its scheme is left out: it is the framework's, which takes us for plain HTTP. */
function describeAddress(address: string): string {
  return `listening on ${new URL(address).host}`
}

function portOf({ server }: HttpApp): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server does not listen')
  return address.port
}

const SWEEP_MS = 50

function lifeOf(
  app: HttpApp,
  drain: Drain,
  { publicUrl, tls }: HttpServerOptions,
): Omit<HttpServer, 'app'> {
  return {
    listen: async ({ host, port }) => {
      await app.listen({ host, port, listenTextResolver: describeAddress })
      // The framework takes us for plain HTTP: the sockets are ours.
      const scheme = tls === undefined ? 'http' : 'https'
      return publicUrl ?? `${scheme}://${nameOfHost(host)}:${portOf(app)}`
    },
    startDraining: drain.start,
    close: async (timeoutMs) => {
      drain.start()
      const { server } = app
      // A connection is idle only once its last answer has gone out.
      const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS)
      const end = setTimeout(() => server.closeAllConnections(), timeoutMs)
      try {
        await app.close()
      } finally {
        clearInterval(sweep)
        clearTimeout(end)
      }
    },
  }
}
