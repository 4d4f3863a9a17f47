import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { describeDatabases } from '../testing/temporary-database.ts'
import { createSecretToken } from './secret-token.ts'
import { bearer, openTrustScene, refusalOf } from './testing/trust-scene.ts'
import type { TrustScene } from './testing/trust-scene.ts'

const DAY = 24 * 3_600_000
const ADMIN = { tenantId: 'default', name: 'test' }
const NOBODY_KEY = createSecretToken('tv', randomBytes).text
const NOBODY_SESSION = createSecretToken('tvs', randomBytes).text

describeDatabases((maker) => {
  const openScene = async (): Promise<TrustScene> => await openTrustScene(maker)

  test('a key is a bearer, and opens sessions that end with it', async () => {
    const { authenticator, other } = await openScene()
    const { secret, key } = await authenticator.keys.create(ADMIN, { name: 'anna' })

    const direct = await authenticator.authenticate(bearer(secret))
    const session = await authenticator.openSession(bearer(secret))
    const own = 'local:default/dev:anna'
    expect(direct).toMatchObject({ role: 'engineer', writes: { name: own }, sessionId: undefined })
    expect(direct.reads.map(({ name }) => name)).toEqual([
      own,
      'local:default/protected:refs/heads/main',
      'local:default/protected:refs/heads/master',
    ])
    expect(await authenticator.keys.revoke(ADMIN, key.id)).toBe(true)

    expect(await refusalOf(authenticator.authenticate(bearer(secret)))).toBe('UNAUTHENTICATED')
    expect(await refusalOf(other.authenticate(bearer(session.token)))).toBe('UNAUTHENTICATED')
    expect(await authenticator.keys.revoke(ADMIN, key.id)).toBe(false)
  })

  test('a key expires after 90 days when nothing is said, and its sessions with it', async () => {
    const { authenticator, wait } = await openScene()
    const { secret } = await authenticator.keys.create(ADMIN, { name: 'anna' })

    wait(90 * DAY - 1000)
    const { token, expiresAtMs, principal } = await authenticator.openSession(bearer(secret))
    expect(expiresAtMs).toBe((await authenticator.authenticate(bearer(secret))).expiresAtMs)
    wait(1000)

    expect(principal.expiresAtMs).toBe(expiresAtMs)
    expect(await refusalOf(authenticator.authenticate(bearer(secret)))).toBe('UNAUTHENTICATED')
    expect(await refusalOf(authenticator.authenticate(bearer(token)))).toBe('UNAUTHENTICATED')
  })

  test('who knows a key’s id, and not its secret, is nobody', async () => {
    const { authenticator } = await openScene()
    const { key } = await authenticator.keys.create(ADMIN, { name: 'anna' })
    const id = Buffer.from(key.id, 'hex')

    const forged = createSecretToken('tv', (size) => (size === id.length ? id : randomBytes(size)))

    expect(forged.id).toBe(key.id)
    expect(await refusalOf(authenticator.authenticate(bearer(forged.text)))).toBe('UNAUTHENTICATED')
  })

  test('of many keys, each is of its own bearer, and one is revoked without the others', async () => {
    const { authenticator } = await openScene()
    const [anna, bert] = await Promise.all(
      ['anna', 'bert'].map(async (name) => await authenticator.keys.create(ADMIN, { name })),
    )

    await authenticator.keys.revoke(ADMIN, anna!.key.id)

    const { writer } = await authenticator.authenticate(bearer(bert!.secret))
    expect(writer.subject).toBe('bert')
    expect(await refusalOf(authenticator.authenticate(bearer(anna!.secret)))).toBe(
      'UNAUTHENTICATED',
    )
  })

  test('no key is made for a tenant that is not there', async () => {
    const { authenticator, opened } = await openScene()
    const nobody = { tenantId: 'nobody', name: 'test' }

    const made = authenticator.keys.create(nobody, { name: 'anna' })

    expect(await refusalOf(made)).toBe('NOT_FOUND')
    expect(await opened.database.selectFrom('api_keys').select('id').execute()).toEqual([])
  })

  test.each(['10.0.0.0/33', 'example.com', ''])('no key is made for %j', async (range) => {
    const { authenticator } = await openScene()

    const made = authenticator.keys.create(ADMIN, {
      name: 'anna',
      addresses: ['10.0.0.0/8', range],
    })

    expect(await refusalOf(made)).toBe('ARGUMENT_INVALID')
  })

  test('a key works from its addresses only', async () => {
    const { authenticator } = await openScene()
    const { secret } = await authenticator.keys.create(ADMIN, {
      name: 'ci',
      addresses: ['10.1.0.0/16', '2001:db8::/32'],
    })

    for (const address of ['10.1.2.3', '::ffff:10.1.2.3', '2001:db8::1']) {
      await expect(authenticator.authenticate(bearer(secret, address))).resolves.toBeDefined()
    }
    for (const address of ['10.2.0.1', '::ffff:10.2.0.1', '2001:db9::1', '', 'unknown']) {
      await expect(authenticator.authenticate(bearer(secret, address))).rejects.toMatchObject({
        code: 'FORBIDDEN',
      })
    }
  })

  test('a session works from the addresses only of the key that opened it', async () => {
    const { authenticator } = await openScene()
    const { secret } = await authenticator.keys.create(ADMIN, {
      name: 'ci',
      addresses: ['10.1.0.0/16'],
    })

    const { token } = await authenticator.openSession(bearer(secret, '10.1.2.3'))

    await expect(authenticator.authenticate(bearer(token, '10.1.9.9'))).resolves.toBeDefined()
    expect(await refusalOf(authenticator.authenticate(bearer(token, '10.2.0.1')))).toBe(
      'UNAUTHENTICATED',
    )
  })

  test('a key is of its tenant: no other’s administrator revokes it, or sees it', async () => {
    const { authenticator } = await openScene()
    const { key } = await authenticator.keys.create(ADMIN, { name: 'anna' })

    const revoked = await authenticator.keys.revoke({ tenantId: 'acme', name: 'eve' }, key.id)

    expect(revoked).toBe(false)
    expect(await authenticator.keys.list('acme')).toEqual([])
    expect(await authenticator.keys.list('default')).toEqual([key])
  })

  test('no part of a secret is in the database', async () => {
    const { authenticator, opened } = await openScene()
    const { secret } = await authenticator.keys.create(ADMIN, { name: 'anna' })
    const { token } = await authenticator.openSession(bearer(secret))

    const rows = JSON.stringify([
      await opened.database.selectFrom('api_keys').selectAll().execute(),
      await opened.database.selectFrom('sessions').selectAll().execute(),
      await opened.database.selectFrom('audit_lines').selectAll().execute(),
    ])

    for (const text of [secret, token]) {
      expect(rows).not.toContain(text.slice(-40, -20))
      expect(rows).toContain(text.split('_')[1])
    }
  })

  test('the first key is made once, and again when none works any more', async () => {
    const { authenticator, wait } = await openScene()

    const first = await authenticator.keys.createFirst()
    const second = await authenticator.keys.createFirst()
    wait(91 * DAY)
    const third = await authenticator.keys.createFirst()

    expect(first?.key).toMatchObject({ role: 'admin', tenantId: 'default' })
    expect(second).toBeUndefined()
    expect(third).toBeDefined()
  })

  test('whoever brings nothing that is known here is nobody', async () => {
    const { authenticator } = await openScene()
    const tokens = [NOBODY_KEY, NOBODY_KEY.slice(0, -1), NOBODY_SESSION, 'hello', 'a b', 'a\u0000b']
    const headers = [
      undefined,
      '',
      'Basic dHY6dHY=',
      'Bearer',
      ...tokens.map((text) => `Bearer ${text}`),
    ]

    const refusals = await Promise.all(
      headers
        .flatMap((authorization) => {
          const credentials = { authorization, certificate: undefined, remoteAddress: '127.0.0.1' }
          return [authenticator.authenticate(credentials), authenticator.openSession(credentials)]
        })
        .map(refusalOf),
    )

    expect(new Set(refusals)).toEqual(new Set(['UNAUTHENTICATED']))
  })
})
