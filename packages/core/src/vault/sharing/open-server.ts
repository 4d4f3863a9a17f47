import type { RemoteSettings } from '../../config/remote-settings.ts'
import { TaskVaultError } from '../../errors.ts'
import { createNativeConnection } from '../../remote/http/native-connection.ts'
import { createServerAdministration } from '../../remote/http/server-administration.ts'
import type { ServerAdministration } from '../../remote/http/server-administration.ts'
import { findToken } from './find-token.ts'

export interface OpenServerOptions {
  readonly remote: RemoteSettings | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly now: () => number
}

/**
 * The server that `remote` names, for what people ask of it. Nobody is asked before the first call.
 * @throws {TaskVaultError} ARGUMENT_INVALID when `remote` names no server.
 */
export async function openServer({
  remote,
  env,
  now,
}: OpenServerOptions): Promise<ServerAdministration & AsyncDisposable> {
  const url = remote === undefined ? undefined : new URL(remote.url)
  if (remote === undefined || url === undefined || !url.protocol.startsWith('http')) {
    const what = remote === undefined ? 'There is no remote store' : `${remote.url} is no server`
    throw new TaskVaultError('ARGUMENT_INVALID', `${what}, and only a server can be asked this`, {
      hint: 'Set TASKVAULT_REMOTE to its address (https://…), and TASKVAULT_TOKEN to an API key.',
    })
  }
  // Loaded for those who ask a server: a command that asks none starts without it.
  const { createHttpClient } = await import('../../remote/http/http-client.ts')
  const { ca, certificate, key } = remote
  const http = createHttpClient({ connections: 1, env, tls: { ca, certificate, key } })
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
