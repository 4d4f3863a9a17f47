import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { describeDatabases } from '../testing/temporary-database.ts'
import { createSecretToken } from './secret-token.ts'
import { githubPullRequest } from './testing/sample-claims.ts'
import { bearer, openTrustScene, refusalOf } from './testing/trust-scene.ts'
import type { TrustScene } from './testing/trust-scene.ts'
import type { TrustSettings } from './trust-settings.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

describeDatabases((maker) => {
  const openScene = async (settings: Partial<TrustSettings> = {}): Promise<TrustScene> =>
    await openTrustScene(maker, settings)

  test('where a job has one token for all its commands, it opens sessions until one is closed', async () => {
    const { authenticator, gitlab } = await openScene()
    const token = await gitlab.sign({})

    const first = await authenticator.openSession(bearer(token))
    const second = await authenticator.openSession(bearer(token))
    await authenticator.closeSession(first.principal)

    expect(await refusalOf(authenticator.authenticate(bearer(first.token)))).toBe('UNAUTHENTICATED')
    expect(await refusalOf(authenticator.authenticate(bearer(second.token)))).toBe(
      'UNAUTHENTICATED',
    )
    expect(await refusalOf(authenticator.openSession(bearer(token)))).toBe('UNAUTHENTICATED')
  })

  test('a session ends after an hour, on every server', async () => {
    const { authenticator, other, github, wait } = await openScene({ sessionMs: 10 * DAY })
    const { token, expiresAtMs, principal } = await authenticator.openSession(
      bearer(await github.sign({})),
    )

    wait(HOUR - 1)
    await expect(other.authenticate(bearer(token))).resolves.toMatchObject({ expiresAtMs })
    wait(1)

    expect(principal.expiresAtMs).toBe(expiresAtMs)
    expect(await refusalOf(authenticator.authenticate(bearer(token)))).toBe('UNAUTHENTICATED')
    expect(await refusalOf(other.authenticate(bearer(token)))).toBe('UNAUTHENTICATED')
  })

  test('a closed session is unknown, on every server', async () => {
    const { authenticator, other, github } = await openScene()
    const { token, principal } = await authenticator.openSession(bearer(await github.sign({})))

    await authenticator.closeSession(principal)

    expect(await refusalOf(authenticator.authenticate(bearer(token)))).toBe('UNAUTHENTICATED')
    expect(await refusalOf(other.authenticate(bearer(token)))).toBe('UNAUTHENTICATED')
  })

  test('of many sessions, each token is of its own', async () => {
    const { authenticator, github } = await openScene()
    const opened = [
      await authenticator.openSession(bearer(await github.sign({}))),
      await authenticator.openSession(bearer(await github.sign(githubPullRequest()))),
      await authenticator.openSession(bearer(await github.sign({ event_name: 'issues' }))),
    ]

    const callers = await Promise.all(
      opened.map(async ({ token }) => await authenticator.authenticate(bearer(token))),
    )

    expect(callers).toEqual(opened.map(({ principal }) => principal))
    expect(new Set(callers.map(({ sessionId }) => sessionId)).size).toBe(3)
  })

  test('what is long over is forgotten, and nothing that is not', async () => {
    const { authenticator, opened, github, wait } = await openScene()
    const open = async (): Promise<string> =>
      (await authenticator.openSession(bearer(await github.sign({})))).principal.sessionId ?? ''
    const count = async (): Promise<readonly number[]> => {
      const sessions = await opened.database.selectFrom('sessions').select('id').execute()
      const tokens = await opened.database.selectFrom('used_tokens').select('id').execute()
      return [sessions.length, tokens.length]
    }

    await open()
    wait(HOUR + 1)
    await open()
    // What it restored still counts for what its job writes later.
    expect(await count()).toEqual([2, 1])
    wait(6 * DAY)
    await open()

    expect(await count()).toEqual([2, 1])
  })

  test('a session that is bound works from where it was opened, and from nowhere else', async () => {
    const { authenticator, github } = await openScene({ bindsSessions: true })
    const { token } = await authenticator.openSession(bearer(await github.sign({}), '10.0.0.1'))

    await expect(authenticator.authenticate(bearer(token, '10.0.0.1'))).resolves.toBeDefined()
    expect(await refusalOf(authenticator.authenticate(bearer(token, '10.0.0.2')))).toBe(
      'UNAUTHENTICATED',
    )
  })

  test('a session that is not bound works from anywhere: jobs leave by several addresses', async () => {
    const { authenticator, github } = await openScene()
    const { token } = await authenticator.openSession(bearer(await github.sign({}), '10.0.0.1'))

    await expect(authenticator.authenticate(bearer(token, '10.0.0.2'))).resolves.toBeDefined()
  })

  test('closing one job’s session leaves those of other jobs, and their tokens, as they were', async () => {
    const { authenticator, gitlab } = await openScene()
    const [mine, theirs] = [await gitlab.sign({}), await gitlab.sign({ job_id: '2' })]
    const first = await authenticator.openSession(bearer(mine))
    const other = await authenticator.openSession(bearer(theirs))

    await authenticator.closeSession(first.principal)

    await expect(authenticator.authenticate(bearer(other.token))).resolves.toEqual(other.principal)
    await expect(authenticator.openSession(bearer(theirs))).resolves.toBeDefined()
    expect(await refusalOf(authenticator.openSession(bearer(mine)))).toBe('UNAUTHENTICATED')
  })

  test('who knows a session’s id, and not its secret, is nobody', async () => {
    const { authenticator, github } = await openScene()
    const { principal } = await authenticator.openSession(bearer(await github.sign({})))
    const id = Buffer.from(principal.sessionId ?? '', 'hex')

    const forged = createSecretToken('tvs', (size) => (size === id.length ? id : randomBytes(size)))

    expect(forged.id).toBe(principal.sessionId)
    expect(await refusalOf(authenticator.authenticate(bearer(forged.text)))).toBe('UNAUTHENTICATED')
  })

  test('two runners’ tokens are two sessions', async () => {
    const { authenticator, restores, github } = await openScene()
    const claims = { ac: JSON.stringify([{ Scope: 'refs/heads/main', Permission: 3 }]) }
    const tokens = [await github.sign(claims), await github.sign(claims)]

    const callers = [
      await authenticator.authenticate(bearer(tokens[0]!)),
      await authenticator.authenticate(bearer(tokens[1]!)),
    ]
    await restores.record(callers[1]?.sessionId ?? '', 'entry-1')
    expect(await restores.list(callers[1]?.sessionId ?? '')).toEqual(['entry-1'])
    await authenticator.closeSession(callers[0]!)
    const again = await Promise.all(
      tokens.map(async (token) => await refusalOf(authenticator.authenticate(bearer(token)))),
    )

    expect(callers[0]?.sessionId).not.toBe(callers[1]?.sessionId)
    expect(again).toEqual(['UNAUTHENTICATED', undefined])
  })
})
