import type { HttpApp } from './app.ts'
import { Refusal } from './errors/refusal.ts'

export interface HostCheckOptions {
  /** Whether callers prove who they are; otherwise being on this machine is all there is. */
  readonly isAuthenticated: boolean
}

/**
 * Refuses requests that name no host. Where nobody authenticates, also those that a web page could have
 * made in the browser of somebody on this machine: under a name of its own that leads here, or from
 * its own origin.
 */
export function addHostCheck(app: HttpApp, { isAuthenticated }: HostCheckOptions): void {
  app.addHook('onRequest', async ({ raw }, reply) => {
    const { host, origin } = raw.headers
    if (host === undefined && raw.httpVersion === '1.1') {
      reply.header('connection', 'close')
      throw new Refusal('REQUEST_INVALID', 'The request names no host')
    }
    if (isAuthenticated || (isThisMachine(host) && origin === undefined)) return
    throw new Refusal(
      'FORBIDDEN',
      'Without authentication, only programs on this machine may send requests',
      {
        hint: 'Remove `authentication: none`, and use a key.',
      },
    )
  })
}

function isThisMachine(host: string | undefined): boolean {
  return host !== undefined && /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/.test(host)
}
