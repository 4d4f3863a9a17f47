import type { Engine } from '../engine/engine.ts'
import { createHttpServer } from '../http/create-server.ts'
import type { HttpServer, HttpServerOptions } from '../http/create-server.ts'
import { DEFAULT_LIMITS } from '../http/limits.ts'
import type { HttpLimits } from '../http/limits.ts'
import { createLogger } from '../http/logging.ts'
import { createServerMetrics } from '../metrics/server-metrics.ts'
import { nativeProtocol } from '../protocols/native/native-protocol.ts'
import { createKnownKeys, createPrincipal } from './known-keys.ts'
import { createMemoryEngine } from './memory-engine.ts'

export interface TestRequest extends Omit<RequestInit, 'headers'> {
  /** Instead of the admin's of the tenant `default`. */
  readonly bearer?: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface TestServer extends AsyncDisposable {
  readonly url: string
  readonly engine: Engine
  readonly server: HttpServer
  /** Everything that was logged. */
  readonly log: () => string
  /** A request with the key of the tenant `default`. */
  fetch(path: string, init?: TestRequest): Promise<Response>
}

type Given = Partial<Omit<HttpServerOptions, 'limits'>> & { readonly limits?: Partial<HttpLimits> }

/** Keys that a test server knows: of an admin of the tenant `default`, and of one of `other`. */
export const ADMIN = 'admin-key'
export const STRANGER = 'stranger-key'

/** The real handler on a real socket, over memory unless told otherwise. */
export async function startTestServer(given: Given = {}): Promise<TestServer> {
  const lines: string[] = []
  const engine = given.engine ?? createMemoryEngine()
  const server = await createHttpServer({
    authenticator: createKnownKeys({
      [ADMIN]: createPrincipal(),
      [STRANGER]: createPrincipal({ tenantId: 'other' }),
    }),
    audit: { read: async () => [], verify: async () => ({ lines: 0, brokenAt: undefined }) },
    tenants: { list: async () => [], create: async () => undefined },
    publicKeys: async () => [{ keyId: 'k1', publicKey: 'AAAA', createdAtMs: 0 }],
    protocols: [nativeProtocol],
    metrics: createServerMetrics(async () => 0),
    isMetricsPublic: false,
    isAuthenticated: true,
    isDirect: false,
    publicUrl: undefined,
    logger: createLogger('debug', { write: (line) => void lines.push(line) }),
    now: Date.now,
    ...given,
    engine,
    limits: { ...DEFAULT_LIMITS, ...given.limits },
  })
  const url = await server.listen({ host: '127.0.0.1', port: 0 })
  return {
    url,
    engine,
    server,
    log: () => lines.join(''),
    fetch: async (path, { bearer = ADMIN, headers, ...init } = {}) =>
      await fetch(new URL(path, url), {
        ...init,
        headers: { authorization: `Bearer ${bearer}`, ...headers },
      }),
    [Symbol.asyncDispose]: async () => {
      await server.close(100)
      await engine[Symbol.asyncDispose]()
    },
  }
}
