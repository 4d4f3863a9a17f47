import type { X509Certificate } from 'node:crypto'
import { TLSSocket } from 'node:tls'
import type { FastifyRequest } from 'fastify'
import type { Credentials } from '../../trust/credentials.ts'
import type { Principal } from '../../trust/principal.ts'

/** Whom a request comes from, on a route that is not public. */
export function callerOf({ principal }: Pick<FastifyRequest, 'principal'>): Principal {
  if (principal === null) throw new Error('a public route has no caller')
  return principal
}

/** What `request` brings to prove whom it comes from. */
export function credentialsOf({ raw }: Pick<FastifyRequest, 'raw'>): Credentials {
  const { socket, headers } = raw
  return {
    authorization: headers.authorization,
    certificate: socket instanceof TLSSocket ? certificateOf(socket) : undefined,
    remoteAddress: socket.remoteAddress ?? '',
  }
}

const certificates = new WeakMap<TLSSocket, X509Certificate>()

/** Only one that an authority of ours signed: TLS hands out every other as well. */
function certificateOf(socket: TLSSocket): X509Certificate | undefined {
  if (!socket.authorized) return undefined
  const known = certificates.get(socket)
  if (known !== undefined) return known
  const found = socket.getPeerX509Certificate()
  if (found !== undefined) certificates.set(socket, found)
  return found
}
