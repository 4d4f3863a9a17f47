import { EmbeddedJWK, createLocalJWKSet, exportJWK, generateKeyPair, jwtVerify } from 'jose'
import type { JWTVerifyGetKey, JWTVerifyOptions } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Claims } from './model/claims.ts'
import { githubClaims, issuerOf } from './testing/sample-claims.ts'
import { startTokenIssuer } from './testing/token-issuer.ts'
import type { SignOptions, TokenIssuer } from './testing/token-issuer.ts'
import { AUDIENCE, ISSUER, NOW_S } from './testing/wrong-tokens.ts'
import { createTokenVerifier } from './verify-token.ts'

/*
 * The control of verify-token.test.ts: a verifier that leaves one check out accepts a token that ours
 * refuses. So each of those tokens is wrong in one way only, and each check is what refuses it.
 */

const now = (): number => NOW_S * 1000

const CHECKS: JWTVerifyOptions = {
  algorithms: ['RS256'],
  issuer: ISSUER,
  audience: AUDIENCE,
  typ: 'JWT',
  requiredClaims: ['exp', 'iat', 'jti'],
  maxTokenAge: '15m',
  currentDate: new Date(now()),
}

let issuer: TokenIssuer

beforeAll(async () => {
  const defaults = { iss: ISSUER, aud: AUDIENCE, ...githubClaims() }
  issuer = await startTokenIssuer({ now, defaults })
})

afterAll(async () => await issuer[Symbol.asyncDispose]())

interface Careless {
  readonly of: string
  readonly claims?: Claims
  readonly header?: SignOptions['header']
  readonly without?: readonly (keyof JWTVerifyOptions)[]
  readonly instead?: JWTVerifyOptions
}

const CARELESS: readonly Careless[] = [
  { of: 'the audience', claims: { aud: 'https://github.com/acme' }, without: ['audience'] },
  { of: 'the other audiences', claims: { aud: [AUDIENCE, 'https://other.example.com'] } },
  { of: 'the type', header: { typ: 'at+jwt' }, without: ['typ'] },
  { of: 'the age', claims: { iat: NOW_S - 3600 }, without: ['maxTokenAge'] },
  {
    of: 'that iat is there',
    claims: { iat: undefined },
    without: ['requiredClaims', 'maxTokenAge'],
  },
  { of: 'that exp is there', claims: { exp: undefined }, without: ['requiredClaims'] },
  { of: 'that jti is there', claims: { jti: undefined }, without: ['requiredClaims'] },
  { of: 'that jti is a text', claims: { jti: 5 } },
  { of: 'that jti is not empty', claims: { jti: '' } },
  {
    of: 'the clock, when it has expired',
    claims: { exp: NOW_S - 60, nbf: undefined },
    instead: { currentDate: new Date(now() - 120_000) },
    without: ['maxTokenAge'],
  },
  {
    of: 'the clock, when it is not valid yet',
    claims: { nbf: NOW_S + 60 },
    instead: { clockTolerance: 120 },
  },
  { of: 'the address of keys in the header', header: { jku: 'https://evil.example.com/jwks' } },
  { of: 'the certificate in the header', header: { x5c: ['MIIB'] } },
]

test.each(CARELESS)('who does not look at $of is deceived, and we are not', async (careless) => {
  const { claims = {}, header = {}, without = [], instead = {} } = careless
  const token = await issuer.sign(claims, { header })
  const checks = Object.fromEntries(
    Object.entries({ ...CHECKS, ...instead }).filter(([name]) => !without.includes(name as never)),
  ) as JWTVerifyOptions

  expect(await isAccepted(token, createLocalJWKSet({ keys: [issuer.publicJwk] }), checks)).toBe(
    true,
  )
  expect(await isAcceptedByUs(token)).toBe(false)
})

test('who does not look at the issuer is deceived by another one’s tokens, and we are not', async () => {
  const token = await issuer.sign({ iss: 'https://evil.example.com' })
  const { issuer: _, ...checks } = CHECKS

  expect(await isAccepted(token, createLocalJWKSet({ keys: [issuer.publicJwk] }), checks)).toBe(
    true,
  )
  expect(await isAcceptedByUs(token)).toBe(false)
})

test('who takes the key from the token is deceived by anybody, and we are not', async () => {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true })
  const jwk = await exportJWK(publicKey)
  const token = await issuer.sign({}, { key: privateKey, header: { jwk } })

  expect(await isAccepted(token, EmbeddedJWK as JWTVerifyGetKey, CHECKS)).toBe(true)
  expect(await isAcceptedByUs(token)).toBe(false)
})

test('who takes a public key for a secret is deceived by anybody, and we are not', async () => {
  const publicBytes = Buffer.from(issuer.publicJwk.n ?? '', 'base64url')
  const token = await issuer.sign({}, { key: publicBytes, header: { alg: 'HS256' } })
  const checks = { ...CHECKS, algorithms: ['RS256', 'HS256'] }

  expect(await isAccepted(token, async () => publicBytes, checks)).toBe(true)
  expect(await isAcceptedByUs(token)).toBe(false)
})

async function isAccepted(
  token: string,
  findKey: JWTVerifyGetKey,
  checks: JWTVerifyOptions,
): Promise<boolean> {
  return await jwtVerify(token, findKey, checks).then(
    () => true,
    () => false,
  )
}

async function isAcceptedByUs(token: string): Promise<boolean> {
  const issuers = [issuerOf('github', { jwksUrl: issuer.jwksUrl })]
  return await createTokenVerifier({ issuers, now })
    .verify(token)
    .then(
      () => true,
      () => false,
    )
}
