import { createSign, generateKeyPairSync, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Signs tokens as a CI system does, and shows its key to whoever wants to check them. */
export interface TokenIssuer extends AsyncDisposable {
  /** `iss` of its tokens; the key lies where `jwksUrl` says. */
  readonly issuer: string
  readonly jwksUrl: string
  sign(claims: Readonly<Record<string, unknown>>): string
}

export async function startTokenIssuer(issuer: string): Promise<TokenIssuer> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'RS256', use: 'sig' }
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [jwk] }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    issuer,
    jwksUrl: `http://127.0.0.1:${port}/keys`,
    sign(claims) {
      const now = Math.floor(Date.now() / 1000)
      const times = { iat: now, nbf: now, exp: now + 300, jti: randomUUID() }
      const [header, payload] = [
        { alg: 'RS256', typ: 'JWT', kid: 'one' },
        { iss: issuer, ...times, ...claims },
      ].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      const signed = `${header}.${payload}`
      return `${signed}.${createSign('RSA-SHA256').update(signed).sign(privateKey, 'base64url')}`
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
