import type { RemoteSettings } from '../../config/remote-settings.ts'
import { TaskVaultError } from '../../errors.ts'
import { unavailable } from '../../remote/failures.ts'
import type { HttpClient } from '../../remote/http/http-client.ts'
import { createNativeConnection } from '../../remote/http/native-connection.ts'
import { createServerAdministration } from '../../remote/http/server-administration.ts'
import type { ServerAdministration } from '../../remote/http/server-administration.ts'
import { findToken } from './find-token.ts'

export interface OpenServerOptions {
  readonly remote: RemoteSettings | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly now: () => number
  /** How long each answer may take. */
  readonly patienceMs?: number
}

const PATIENCE_MS = 30_000

/**
 * Opens the server that `remote` names, for its administration. Makes no request before the first call.
 * @throws {TaskVaultError} ARGUMENT_INVALID when `remote` is not a server.
 */
export async function openServer({
  remote,
  env,
  now,
  patienceMs = PATIENCE_MS,
}: OpenServerOptions): Promise<ServerAdministration & AsyncDisposable> {
  const url = remote === undefined ? undefined : new URL(remote.url)
  if (remote === undefined || url === undefined || !url.protocol.startsWith('http')) {
    const what = remote === undefined ? 'There is no remote store' : `${remote.url} is not a server`
    throw new TaskVaultError('ARGUMENT_INVALID', `${what}, and only a server can answer this`, {
      hint: 'Set TASKVAULT_REMOTE to its address (https://…), and TASKVAULT_TOKEN to an API key.',
    })
  }
  // Loaded for those who ask a server: a command that asks none starts without it.
  const { createHttpClient } = await import('../../remote/http/http-client.ts')
  const { ca, certificate, key } = remote
  const client = createHttpClient({ connections: 1, env, tls: { ca, certificate, key } })
  const http = impatient(client, patienceMs)
  const connection = createNativeConnection({
    url,
    http,
    findToken: async (signal) => await findToken({ env, url: remote.url, http, signal }),
    now,
  })
  return {
    ...createServerAdministration(connection),
    [Symbol.asyncDispose]: async () => await http[Symbol.asyncDispose](),
  }
}

/** The client's own limits end at a proxy: one that takes a request and says nothing is waited for. */
function impatient(http: HttpClient, patienceMs: number): HttpClient {
  return {
    async send(request) {
      const limit = new AbortController()
      const signals = [limit.signal, ...(request.signal === undefined ? [] : [request.signal])]
      const silence = new Promise<never>((_, reject) => {
        const seconds = patienceMs / 1000
        const error = unavailable(`No answer from ${request.url.host} for ${seconds} seconds`)
        const giveUp = (): void => {
          reject(error)
          limit.abort(error)
        }
        setTimeout(giveUp, patienceMs).unref()
      })
      // A request that waits for the proxy to connect does not hear of its signal.
      return await Promise.race([
        http.send({ ...request, signal: AbortSignal.any(signals) }),
        silence,
      ])
    },
    [Symbol.asyncDispose]: async () => await http[Symbol.asyncDispose](),
  }
}
