import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SignJWT, exportJWK, generateKeyPair } from 'jose'
import type { CryptoKey, JWK, JWTHeaderParameters } from 'jose'
import type { Claims } from '../model/claims.ts'

/** How the key server answers. */
export type Mood =
  | 'keys'
  | 'down'
  | 'endless'
  | 'huge'
  | 'garbage'
  | 'failing'
  | 'empty'
  | 'redirect'
  | 'secret'

export interface SignOptions {
  readonly header?: Partial<JWTHeaderParameters>
  readonly key?: CryptoKey | Uint8Array
  /** Claims of time and id are not added. */
  readonly bare?: boolean
}

/** A CI system's issuer of tokens, with its keys on a real socket. */
export interface TokenIssuer extends AsyncDisposable {
  readonly jwksUrl: string
  readonly publicJwk: JWK
  readonly privateKey: CryptoKey
  /** Requests that were answered, or not. */
  readonly asked: () => number
  mood: Mood
  sign(claims: Claims, options?: SignOptions): Promise<string>
  /** Signs with a new key from now on; the old one is no longer listed. */
  rotate(): Promise<void>
}

export interface TokenIssuerOptions {
  readonly now: () => number
  readonly defaults: Claims
}

const MOST_KEYS_BYTES = 1024 * 1024

interface KeyPair {
  readonly kid: string
  readonly jwk: JWK
  readonly privateKey: CryptoKey
}

export async function startTokenIssuer({
  now,
  defaults,
}: TokenIssuerOptions): Promise<TokenIssuer> {
  let number = 1
  let pair = await pairOf(number)
  let asked = 0
  let count = 0
  let mood: Mood = 'keys'
  const server = createServer((request, response) => {
    asked += 1
    answer({ request, response, mood, keys: [pair.jwk] })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    jwksUrl: `http://127.0.0.1:${port}/jwks`,
    get publicJwk() {
      return pair.jwk
    },
    get privateKey() {
      return pair.privateKey
    },
    get mood() {
      return mood
    },
    set mood(next) {
      mood = next
    },
    asked: () => asked,
    sign: async (claims, { header = {}, key = pair.privateKey, bare = false } = {}) => {
      count += 1
      const seconds = Math.floor(now() / 1000)
      const times = { iat: seconds, nbf: seconds, exp: seconds + 300, jti: `token-${count}` }
      const payload = { ...(bare ? {} : { ...defaults, ...times }), ...claims }
      return await new SignJWT(withoutUndefined(payload))
        .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: pair.kid, ...header })
        .sign(key)
    },
    rotate: async () => {
      number += 1
      pair = await pairOf(number)
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const pairs = new Map<number, Promise<KeyPair>>()

/** A pair takes a while to make, and is as good for the next issuer. */
async function pairOf(number: number): Promise<KeyPair> {
  const known = pairs.get(number) ?? createPair(number)
  pairs.set(number, known)
  return await known
}

async function createPair(number: number): Promise<KeyPair> {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true })
  const kid = `key-${number}`
  const jwk = { ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' }
  return { kid, jwk, privateKey }
}

interface Answer {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly mood: Mood
  readonly keys: readonly JWK[]
}

function answer({ request, response, mood, keys }: Answer): void {
  const body = JSON.stringify({ keys })
  const moods: Readonly<Record<Mood, () => unknown>> = {
    keys: () => response.end(body),
    down: () => request.socket.destroy(),
    endless: () => response.write('{"keys":['),
    huge: () => response.end(`{"pad":"${'x'.repeat(MOST_KEYS_BYTES)}",${body.slice(1)}`),
    garbage: () => response.end('<html>'),
    failing: () => response.writeHead(500).end(body),
    empty: () => response.end('{"keys":[]}'),
    redirect: () => response.writeHead(302, { location: '/elsewhere' }).end(),
    secret: () =>
      response.end(JSON.stringify({ keys: [{ kty: 'oct', k: 'c2VjcmV0', kid: 'key-1' }] })),
  }
  // What a redirect leads to would be good: only not following it refuses it.
  if (request.url === '/elsewhere') response.end(body)
  else moods[mood]()
}

function withoutUndefined(claims: Claims): Claims {
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined))
}
