import { createPublicKey } from 'node:crypto'
import { exportSPKI, generateKeyPair, importJWK } from 'jose'
import type { CryptoKey } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { githubClaims, issuerOf } from './testing/sample-claims.ts'
import { startTokenIssuer } from './testing/token-issuer.ts'
import type { TokenIssuer } from './testing/token-issuer.ts'
import { AUDIENCE, ISSUER, NOW_S, WRONG_CLAIMS, WRONG_HEADERS } from './testing/wrong-tokens.ts'
import { createTokenVerifier } from './verify-token.ts'
import type { TokenVerifier } from './verify-token.ts'

const now = (): number => NOW_S * 1000

let issuer: TokenIssuer
let verifier: TokenVerifier
let stranger: CryptoKey
let good: string

beforeAll(async () => {
  issuer = await startTokenIssuer({
    now,
    defaults: { iss: ISSUER, aud: AUDIENCE, ...githubClaims() },
  })
  const issuers = [
    issuerOf('github', { jwksUrl: issuer.jwksUrl }),
    issuerOf('gitlab', { jwksUrl: issuer.jwksUrl, audience: 'https://other.example.com' }),
  ]
  verifier = createTokenVerifier({ issuers, now })
  stranger = (await generateKeyPair('RS256')).privateKey
  good = await issuer.sign({ jti: 'good' })
})

afterAll(async () => await issuer[Symbol.asyncDispose]())

test('a token that is as it has to be is accepted', async () => {
  const { claims, issuer: found } = await verifier.verify(good)

  expect(claims).toMatchObject({ repository_id: '74', jti: 'good' })
  expect(found.id).toBe('github')
})

test('two tokens have two ids, and one token has one', async () => {
  const [first, again, other] = [good, good, await issuer.sign({})]

  const ids = await Promise.all(
    [first, again, other].map(async (text) => (await verifier.verify(text)).tokenId),
  )

  expect(ids[0]).toBe(ids[1])
  expect(ids[0]).not.toBe(ids[2])
})

test.each(WRONG_CLAIMS)('a token is refused: %s', async (_of, changes) => {
  const token = await issuer.sign(changes)

  await expect(verifier.verify(token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
})

test.each(WRONG_HEADERS)('a token is refused whose header has %s', async (_of, header) => {
  const token = await issuer.sign({}, header === undefined ? {} : { header })

  await expect(verifier.verify(token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
})

const encode = (data: unknown): string => Buffer.from(JSON.stringify(data)).toString('base64url')

/** What no library would make: texts that are put together from the good token’s parts. */
const FORGERIES: readonly (readonly [
  string,
  (parts: readonly [string, string, string]) => string | Promise<string>,
])[] = [
  ['alg none, no signature', ([, body]) => `${encode({ alg: 'none', typ: 'JWT' })}.${body}.`],
  ['alg None', ([, body]) => `${encode({ alg: 'None', typ: 'JWT' })}.${body}.`],
  [
    'alg nOnE, with the signature',
    ([, body, tail]) => `${encode({ alg: 'nOnE', typ: 'JWT' })}.${body}.${tail}`,
  ],
  ['no alg', ([, body, tail]) => `${encode({ typ: 'JWT', kid: 'key-1' })}.${body}.${tail}`],
  [
    'another alg over the same signature',
    ([, body, tail]) => `${encode({ alg: 'RS512', typ: 'JWT', kid: 'key-1' })}.${body}.${tail}`,
  ],
  ['no signature', ([head, body]) => `${head}.${body}.`],
  ['two parts', ([head, body]) => `${head}.${body}`],
  ['five parts', ([head, body, tail]) => `${head}.${body}.${tail}.${body}.${tail}`],
  [
    'a changed signature',
    ([head, body, tail]) => `${head}.${body}.${tail.startsWith('A') ? 'B' : 'A'}${tail.slice(1)}`,
  ],
  ['a shortened signature', ([head, body, tail]) => `${head}.${body}.${tail.slice(0, -4)}`],
  [
    'changed claims',
    ([head, , tail]) =>
      `${head}.${encode({ iss: ISSUER, aud: AUDIENCE, exp: NOW_S + 60, iat: NOW_S, jti: 'x', repository_id: '1' })}.${tail}`,
  ],
  ['claims that are a list', ([head, , tail]) => `${head}.${encode([])}.${tail}`],
  [
    'claims that are no JSON',
    ([head, , tail]) => `${head}.${Buffer.from('{').toString('base64url')}.${tail}`,
  ],
  [
    'a header that is no JSON',
    ([, body, tail]) => `${Buffer.from('{').toString('base64url')}.${body}.${tail}`,
  ],
  ['a header that is null', ([, body, tail]) => `${encode(null)}.${body}.${tail}`],
  [
    'a critical extension',
    ([, body, tail]) =>
      `${encode({ alg: 'RS256', typ: 'JWT', kid: 'key-1', crit: ['exp'], exp: 1 })}.${body}.${tail}`,
  ],
  [
    'an unencoded payload',
    ([, body, tail]) =>
      `${encode({ alg: 'RS256', typ: 'JWT', kid: 'key-1', crit: ['b64'], b64: false })}.${body}.${tail}`,
  ],
  [
    'the signature of another token',
    async ([head, body]) => `${head}.${body}.${(await issuer.sign({})).split('.')[2]}`,
  ],
  ['a stranger’s signature', async () => await issuer.sign({}, { key: stranger })],
  [
    'HS256 with the public key in PEM',
    async () =>
      await issuer.sign({}, { header: { alg: 'HS256' }, key: Buffer.from(await publicPem()) }),
  ],
  [
    'HS256 with the public key in DER',
    async () => await issuer.sign({}, { header: { alg: 'HS256' }, key: await publicDer() }),
  ],
  [
    'HS256 with the modulus',
    async () =>
      await issuer.sign(
        {},
        { header: { alg: 'HS256' }, key: Buffer.from(issuer.publicJwk.n ?? '', 'base64url') },
      ),
  ],
  [
    'PS256 with the right key',
    async () => await issuer.sign({}, { header: { alg: 'PS256' }, key: await keyFor('PS256') }),
  ],
  [
    'RS512 with the right key',
    async () => await issuer.sign({}, { header: { alg: 'RS512' }, key: await keyFor('RS512') }),
  ],
  [
    'an encrypted token',
    ([head, body, tail]) =>
      `${encode({ alg: 'RSA-OAEP', enc: 'A256GCM', typ: 'JWT' })}.${body}.${head}.${tail}.${tail}`,
  ],
  ['nothing', () => ''],
  ['three dots', () => '...'],
  ['no token', () => 'hello'],
  [
    'a token of a megabyte',
    ([head, body, tail]) => `${head}.${body}${'A'.repeat(1_000_000)}.${tail}`,
  ],
  ['spaces within', ([head, body, tail]) => `${head} .${body}.${tail}`],
]

test.each(FORGERIES)('a forged token is refused: %s', async (_of, forge) => {
  const [head = '', body = '', tail = ''] = good.split('.')

  const token = await forge([head, body, tail])

  await expect(verifier.verify(token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
})

test('there are at least sixty ways in which a token is wrong', () => {
  expect(WRONG_CLAIMS.length + WRONG_HEADERS.length + FORGERIES.length).toBeGreaterThanOrEqual(60)
})

test('a refusal says what is wrong, and nothing that the token says', async () => {
  const token = await issuer.sign({ aud: 'secret-audience' })

  const failure = await verifier.verify(token).catch((error: unknown) => error)

  expect(failure).toMatchObject({
    message: 'The token was refused: the claim aud is not what it has to be',
  })
  expect(JSON.stringify(failure)).not.toContain('secret-audience')
})

test('a token is named by its id, whatever else it says', async () => {
  const tokens = [await issuer.sign({ jti: 'same' }), await issuer.sign({ jti: 'same', sha: '5' })]

  const [first, second] = await Promise.all(tokens.map(async (text) => await verifier.verify(text)))

  expect(first?.tokenId).toBe(second?.tokenId)
})

test('a signature that is written in another way makes no new token', async () => {
  const circleci = issuerOf('circleci', { jwksUrl: issuer.jwksUrl })
  const own = createTokenVerifier({ issuers: [circleci], now })
  const token = await issuer.sign({ iss: circleci.issuer, jti: undefined })

  // 256 bytes leave two bits unused in the last of their digits.
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const last = digits.indexOf(token.at(-1) ?? '')
  const other = `${token.slice(0, -1)}${digits[last ^ 1]}`

  const ids = await Promise.allSettled(
    [token, other].map(async (text) => (await own.verify(text)).tokenId),
  )

  const accepted = ids.filter((id) => id.status === 'fulfilled').map(({ value }) => value)
  expect(new Set(accepted).size).toBe(1)
})

async function publicKey(): Promise<CryptoKey> {
  return (await importJWK(issuer.publicJwk, 'RS256', { extractable: true })) as CryptoKey
}

async function publicPem(): Promise<string> {
  return await exportSPKI(await publicKey())
}

async function publicDer(): Promise<Uint8Array> {
  return createPublicKey(await publicPem()).export({ format: 'der', type: 'spki' })
}

/** The issuer’s own key, used with an algorithm that the settings do not name. */
async function keyFor(algorithm: string): Promise<CryptoKey> {
  const { exportJWK } = await import('jose')
  return (await importJWK(
    { ...(await exportJWK(issuer.privateKey)), alg: algorithm },
    algorithm,
  )) as CryptoKey
}
