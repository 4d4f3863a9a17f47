import { createPublicKey, randomBytes, verify } from 'node:crypto'
import { expect, test } from 'vitest'
import type { OpenDatabase } from '../database/open-database.ts'
import { describeDatabases } from '../testing/temporary-database.ts'
import { createSigner } from './signing-keys.ts'
import type { PublicSigningKey, Signer } from './signing-keys.ts'
import { refusalOf } from './testing/trust-scene.ts'

const DAY = 24 * 3_600_000
const PAYLOAD = Buffer.from('taskvault-entry-record 1\n[]\n')

interface Scene {
  readonly signer: Signer
  readonly opened: OpenDatabase
  /** Another server over the same tables. */
  open(secret?: Uint8Array): Signer
  wait(ms: number): void
}

describeDatabases((maker) => {
  test('a signature is by a key that is listed, over these bytes and no others', async () => {
    const { signer } = await openScene()

    const { keyId, value } = await signer.sign('default', PAYLOAD)
    const keys = await signer.publicKeys('default')

    expect(isSignedBy(keys, { keyId, value, payload: PAYLOAD })).toBe(true)
    expect(isSignedBy(keys, { keyId, value, payload: Buffer.from('other') })).toBe(false)
    expect(Buffer.from(value, 'base64url')).toHaveLength(64)
  })

  test('all servers of a database sign with one key, and whoever asks first learns it', async () => {
    const { signer, open } = await openScene()

    const [listed] = await open().publicKeys('default')
    const signatures = await Promise.all([
      signer.sign('default', PAYLOAD),
      open().sign('default', PAYLOAD),
    ])

    expect(signatures.map(({ keyId }) => keyId)).toEqual([listed?.keyId, listed?.keyId])
  })

  test('two tenants have two keys', async () => {
    const { signer, opened } = await openScene()
    await opened.database
      .insertInto('tenants')
      .values({ id: 'acme', name: 'acme', created_at: 0, strategy: 'lru' } as never)
      .execute()

    const [own] = await signer.publicKeys('default')
    const [other] = await signer.publicKeys('acme')

    expect(own?.publicKey).not.toBe(other?.publicKey)
  })

  test('after 90 days a new key signs, and what the old one signed is still good', async () => {
    const { signer, wait } = await openScene()
    const old = await signer.sign('default', PAYLOAD)

    wait(91 * DAY)
    const fresh = await signer.sign('default', PAYLOAD)
    const keys = await signer.publicKeys('default')

    expect(keys.map(({ keyId }) => keyId)).toEqual([fresh.keyId, old.keyId])
    expect(isSignedBy(keys, { ...old, payload: PAYLOAD })).toBe(true)
    expect(isSignedBy(keys, { ...fresh, payload: PAYLOAD })).toBe(true)
  })

  test('a key that was withdrawn in the database is not listed, and signs no more, on any server soon', async () => {
    const { signer, opened, open, wait } = await openScene()
    const other = open()
    const { keyId } = await other.sign('default', PAYLOAD)

    await opened.database
      .updateTable('signing_keys')
      .set({ revoked_at: 1 })
      .where('key_id', '=', keyId)
      .execute()
    wait(11_000)

    expect((await signer.sign('default', PAYLOAD)).keyId).not.toBe(keyId)
    expect((await other.sign('default', PAYLOAD)).keyId).not.toBe(keyId)
    expect((await signer.publicKeys('default')).map((key) => key.keyId)).not.toContain(keyId)
  })

  test('who has the database and not the secret signs nothing', async () => {
    const { signer, open } = await openScene()
    await signer.sign('default', PAYLOAD)

    expect(await refusalOf(open(randomBytes(32)).sign('default', PAYLOAD))).toBe('CONFIG_INVALID')
  })

  test('a sealed key opens in its own row only', async () => {
    const { signer, opened, open } = await openScene()
    const { keyId } = await signer.sign('default', PAYLOAD)

    await opened.database
      .updateTable('signing_keys')
      .set({ key_id: 'tvk-other' })
      .where('key_id', '=', keyId)
      .execute()

    expect(await refusalOf(open().sign('default', PAYLOAD))).toBe('CONFIG_INVALID')
  })

  async function openScene(): Promise<Scene> {
    const opened = await maker.open()
    const own = randomBytes(32)
    let nowMs = 1_800_000_000_000
    const open = (secret: Uint8Array = own): Signer =>
      createSigner({ database: opened.database, secret, now: () => nowMs })
    const wait = (ms: number): void => {
      nowMs += ms
    }
    return { signer: open(), opened, open, wait }
  }
})

interface Signed {
  readonly keyId: string
  readonly value: string
  readonly payload: Uint8Array
}

/** As a client does it that has pinned these keys. */
function isSignedBy(keys: readonly PublicSigningKey[], { keyId, value, payload }: Signed): boolean {
  const found = keys.find((key) => key.keyId === keyId)
  if (found === undefined) return false
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: found.publicKey }
  const key = createPublicKey({ key: jwk, format: 'jwk' })
  return verify(null, payload, key, Buffer.from(value, 'base64url'))
}
