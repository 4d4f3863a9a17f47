import type { Dispatcher } from 'undici'
import { findProxies } from './find-proxies.ts'
import type { Environment } from './find-proxies.ts'
import { readTlsFiles } from './read-tls-files.ts'
import type { TlsFiles } from './read-tls-files.ts'

export interface ConnectionOptions {
  /** To one server at once. */
  readonly connections: number
  /** How long to wait for an answer to begin, and for it to go on. */
  readonly idleTimeoutMs: number
  /** Where HTTP_PROXY, HTTPS_PROXY and NO_PROXY are looked for, in either case. */
  readonly env: Environment
  readonly tls: TlsFiles
}

/** Connections to any servers, kept open between requests. */
export interface Connections {
  /** What sends requests to the server of an address: through a proxy, or directly. */
  towards(url: URL): Dispatcher
  destroy(): Promise<void>
}

/** @throws {TaskVaultError} CONFIG_INVALID, IO_FAILED, PERMISSION_DENIED naming a variable or a file. */
export async function openConnections(options: ConnectionOptions): Promise<Connections> {
  const { connections, idleTimeoutMs, env, tls } = options
  const { Agent, EnvHttpProxyAgent } = await import('undici')
  const connectTimeout = Math.min(idleTimeoutMs, 10_000)
  const requestTls = await readTlsFiles(tls)
  const settings = {
    connections,
    headersTimeout: idleTimeoutMs,
    bodyTimeout: idleTimeoutMs,
    connect: { timeout: connectTimeout, ...requestTls },
  }
  const proxies = findProxies(env)
  const direct = new Agent(settings)
  if (proxies === undefined) {
    return { towards: () => direct, destroy: async () => await direct.destroy() }
  }
  const { isInNoProxyRange, ...named } = proxies
  // A proxy may have a certificate of the same authority, but is not the one to be told who we are.
  const proxyTls = { ca: requestTls.ca }
  const proxied = new EnvHttpProxyAgent({
    ...settings,
    connectTimeout,
    requestTls,
    proxyTls,
    ...named,
  })
  return {
    towards: (url) => (isInNoProxyRange(url) ? direct : proxied),
    destroy: async () => void (await Promise.all([direct.destroy(), proxied.destroy()])),
  }
}
