import { onTestFinished, expect, test } from 'vitest'
import { githubClaims, issuerOf } from './testing/sample-claims.ts'
import { startTokenIssuer } from './testing/token-issuer.ts'
import type { Mood, TokenIssuer } from './testing/token-issuer.ts'
import { createTokenVerifier } from './verify-token.ts'
import type { TokenVerifier } from './verify-token.ts'

const TIMINGS = { freshMs: 600_000, keptMs: 86_400_000, pauseMs: 30_000 }
const MINUTE = 60_000

const BAD_MOODS: readonly Mood[] = [
  'down',
  'endless',
  'huge',
  'garbage',
  'failing',
  'empty',
  'redirect',
  'secret',
]

interface Scene {
  readonly issuer: TokenIssuer
  readonly verifier: TokenVerifier
  wait(ms: number): void
  /** The key server answers so from now on, for which nobody waits for long. */
  spoil(mood: Mood): void
}

test.each(BAD_MOODS)('tokens are verified on when the key server is %s', async (mood) => {
  const { issuer, verifier, wait, spoil } = await openScene()
  await verifier.verify(await issuer.sign({}))

  spoil(mood)
  wait(60 * MINUTE)
  const token = await issuer.sign({})

  await expect(verifier.verify(token)).resolves.toBeDefined()
  expect(issuer.asked()).toBeGreaterThan(1)
})

test.each(BAD_MOODS)('without any keys, nobody is let in: %s', async (mood) => {
  const { issuer, verifier, spoil } = await openScene()
  spoil(mood)

  const started = performance.now()
  const verified = verifier.verify(await issuer.sign({}))

  await expect(verified).rejects.toMatchObject({ code: 'REMOTE_UNAVAILABLE' })
  expect(performance.now() - started).toBeLessThan(20_000)
})

test('keys are forgotten when the outage lasts longer than a day', async () => {
  const { issuer, verifier, wait } = await openScene()
  await verifier.verify(await issuer.sign({}))

  issuer.mood = 'down'
  wait(25 * 60 * MINUTE)

  await expect(verifier.verify(await issuer.sign({}))).rejects.toMatchObject({
    code: 'REMOTE_UNAVAILABLE',
  })
})

test('a server that comes back is asked again', async () => {
  const { issuer, verifier, wait } = await openScene()
  issuer.mood = 'down'
  await verifier.verify(await issuer.sign({})).catch(() => undefined)

  issuer.mood = 'keys'
  wait(MINUTE)

  await expect(verifier.verify(await issuer.sign({}))).resolves.toBeDefined()
})

test('a new key is found as soon as a token is signed with it', async () => {
  const { issuer, verifier, wait } = await openScene()
  await verifier.verify(await issuer.sign({}))

  await issuer.rotate()
  wait(MINUTE)

  await expect(verifier.verify(await issuer.sign({}))).resolves.toBeDefined()
})

test('a key that was withdrawn is forgotten at the next fetch', async () => {
  const { issuer, verifier, wait } = await openScene()
  const { privateKey, publicJwk } = issuer
  await verifier.verify(await issuer.sign({}))

  await issuer.rotate()
  wait(11 * MINUTE)
  const old = await issuer.sign({}, { key: privateKey, header: { kid: publicJwk.kid ?? '' } })

  await expect(verifier.verify(old)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
})

test('made-up key ids cause one fetch in a while, not one each', async () => {
  const { issuer, verifier, wait } = await openScene()
  await verifier.verify(await issuer.sign({}))
  wait(MINUTE)

  for (let count = 0; count < 20; count += 1) {
    const token = await issuer.sign({}, { header: { kid: `made-up-${count}` } })
    await verifier.verify(token).catch(() => undefined)
  }

  expect(issuer.asked()).toBe(2)
})

test('many tokens at once fetch the keys once', async () => {
  const { issuer, verifier } = await openScene()
  const tokens = await Promise.all(Array.from({ length: 10 }, async () => await issuer.sign({})))

  await Promise.all(tokens.map(async (token) => await verifier.verify(token)))

  expect(issuer.asked()).toBe(1)
})

async function openScene(): Promise<Scene> {
  let nowMs = 1_800_000_000_000
  const now = (): number => nowMs
  const settings = issuerOf('github')
  const defaults = { iss: settings.issuer, aud: settings.audience, ...githubClaims() }
  const issuer = await startTokenIssuer({ now, defaults })
  onTestFinished(async () => await issuer[Symbol.asyncDispose]())
  const issuers = [issuerOf('github', { jwksUrl: issuer.jwksUrl })]
  const timings = { ...TIMINGS, timeoutMs: 60_000 }
  const verifier = createTokenVerifier({ issuers, now, timings })
  return {
    issuer,
    verifier,
    wait: (ms) => {
      nowMs += ms
    },
    spoil: (mood) => {
      issuer.mood = mood
      timings.timeoutMs = 150
    },
  }
}
