import { expect, test } from 'vitest'
import { describeDatabases } from '../testing/temporary-database.ts'
import type { Claims } from './model/claims.ts'
import { githubPullRequest, issuerOf } from './testing/sample-claims.ts'
import { bearer, openTrustScene, refusalOf } from './testing/trust-scene.ts'
import type { TrustScene } from './testing/trust-scene.ts'
import type { TrustSettings } from './trust-settings.ts'

describeDatabases((maker) => {
  const openScene = async (settings: Partial<TrustSettings> = {}): Promise<TrustScene> =>
    await openTrustScene(maker, settings)

  test('a job opens a session, and its token is the bearer of what claims allow', async () => {
    const { authenticator, github } = await openScene()

    const session = await authenticator.openSession(bearer(await github.sign({})))
    const caller = await authenticator.authenticate(bearer(session.token))

    expect(session.token).toMatch(/^tvs_[0-9a-f]{24}_[\w-]{43}[0-9a-f]{8}$/)
    expect(caller).toEqual(session.principal)
    expect(caller).toMatchObject({
      tenantId: 'default',
      role: 'engineer',
      writes: { name: 'github:74/protected:refs/heads/main', level: 'protected' },
      writer: {
        issuer: issuerOf('github').issuer,
        claims: { repository_id: '74', run_id: '1658821493' },
      },
    })
  })

  test('a job’s token opens no session twice', async () => {
    const { authenticator, other, github } = await openScene()
    const token = await github.sign({})
    await authenticator.openSession(bearer(token))

    expect(await refusalOf(authenticator.openSession(bearer(token)))).toBe('UNAUTHENTICATED')
    expect(await refusalOf(other.openSession(bearer(token)))).toBe('UNAUTHENTICATED')
  })

  test('of many that present one token at the same time, one gets a session', async () => {
    const { authenticator, other, github } = await openScene()
    const token = await github.sign({})

    const opened = await Promise.allSettled(
      Array.from(
        { length: 16 },
        async (_, index) =>
          await (index % 2 === 0 ? authenticator : other).openSession(bearer(token)),
      ),
    )

    expect(opened.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  test('a token is not forgotten while it could be used again', async () => {
    const { authenticator, github, wait } = await openScene()
    const token = await github.sign({})
    await authenticator.openSession(bearer(token))

    wait(299_000)
    await authenticator.openSession(bearer(await github.sign({})))

    expect(await refusalOf(authenticator.openSession(bearer(token)))).toBe('UNAUTHENTICATED')
  })

  test('a session opens no other, and a job’s token is no bearer', async () => {
    const { authenticator, github } = await openScene()
    const { token } = await authenticator.openSession(bearer(await github.sign({})))

    expect(await refusalOf(authenticator.openSession(bearer(token)))).toBe('UNAUTHENTICATED')
    expect(await refusalOf(authenticator.authenticate(bearer(await github.sign({}))))).toBe(
      'UNAUTHENTICATED',
    )
  })

  test('a project that no tenant admits is told so, and gets nothing', async () => {
    const { authenticator, github } = await openScene()
    const token = await github.sign({ repository_id: '75', repository_owner_id: '1' })

    await expect(authenticator.openSession(bearer(token))).rejects.toMatchObject({
      code: 'FORBIDDEN',
      message: expect.stringContaining('project 75, owner 1') as string,
    })
  })

  test('a tenant that the settings name and nobody has made is told so', async () => {
    const { authenticator, github } = await openScene({})
    const token = await github.sign({ repository_id: '76' })

    await expect(authenticator.openSession(bearer(token))).rejects.toMatchObject({
      code: 'FORBIDDEN',
    })
  })

  test('a tenant’s policy counts for its jobs', async () => {
    const { authenticator, github } = await openScene({
      policies: { default: { trustedTriggers: ['schedule'] } },
    })

    const { principal } = await authenticator.openSession(bearer(await github.sign({})))

    expect(principal).toMatchObject({ writes: undefined, role: 'external' })
    expect(principal.because).toContain('push')
  })

  test('a runner’s own token is its session, and says what it restored', async () => {
    const { authenticator, restores, github } = await openScene()
    const ac = JSON.stringify([{ Scope: 'refs/heads/main', Permission: 3 }])
    const token = await github.sign({ ac })

    const first = await authenticator.authenticate(bearer(token))
    const again = await authenticator.authenticate(bearer(token))
    await restores.record(first.sessionId ?? '', 'entry-1')

    expect(first.sessionId).toBe(again.sessionId)
    expect(first.writes?.name).toBe('runner:74/protected:refs/heads/main')
    expect(await restores.list(again.sessionId ?? '')).toEqual(['entry-1'])
  })

  test('a pull request gets a session that writes for itself alone', async () => {
    const { authenticator, github } = await openScene()
    const token = await github.sign(githubPullRequest())

    const { principal } = await authenticator.openSession(bearer(token))

    expect(principal.writes).toEqual({ level: 'pr', name: 'github:74/pr:17' })
  })

  test.each([
    ['the same job', {}, true],
    ['another job of the run', { check_run_id: '2' }, false],
    ['another attempt', { run_attempt: '2' }, false],
    ['another run', { run_id: '2' }, false],
  ])('what one command of a job restored counts for %s: %j', async (_of, changes, counts) => {
    const { authenticator, restores, github } = await openScene()
    const open = async (claims: Claims): Promise<string> => {
      const token = await github.sign({ check_run_id: '1', ...claims })
      return (await authenticator.openSession(bearer(token))).principal.sessionId ?? ''
    }
    const [first, second] = [await open({}), await open(changes)]

    await restores.record(first, 'entry-1')

    expect(await restores.list(first)).toEqual(['entry-1'])
    expect(await restores.list(second)).toEqual(counts ? ['entry-1'] : [])
  })

  test('sessions of a key belong together when they say so, and never with another key’s', async () => {
    const { authenticator, restores } = await openScene()
    const open = async (secret: string, job: string | undefined): Promise<string> => {
      const session = await authenticator.openSession({ ...bearer(secret), job })
      return session.principal.sessionId ?? ''
    }
    const admin = { tenantId: 'default', name: 'test' }
    const { secret } = await authenticator.keys.create(admin, { name: 'ci' })
    const { secret: other } = await authenticator.keys.create(admin, { name: 'other' })

    const first = await open(secret, 'jenkins 17')
    const ids = [
      await open(secret, 'jenkins 17'),
      await open(secret, 'jenkins 18'),
      await open(secret, undefined),
      await open(other, 'jenkins 17'),
    ]
    await restores.record(first, 'entry-1')

    const lists = await Promise.all(ids.map(async (id) => await restores.list(id)))
    expect(lists).toEqual([['entry-1'], [], [], []])
  })
})
