import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  sign,
} from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { RecordSignature } from '@taskvault/core'
import type { Database } from '../database/schema.ts'
import { isFresh } from './model/is-fresh.ts'
import { openSealed, seal } from './sealed.ts'

/** A public key, as clients pin it. */
export interface PublicSigningKey {
  readonly keyId: string
  /** 32 bytes of Ed25519 in base64url. */
  readonly publicKey: string
  readonly createdAtMs: number
}

/**
 * Signs the records of entries, each tenant's with its own keys. A key signs for a while; then a new
 * one does, and the old one goes on being listed, since what it signed is as good as before.
 */
export interface Signer {
  sign(tenantId: string, payload: Uint8Array): Promise<RecordSignature>
  /** All whose signatures are to be believed, newest first. */
  publicKeys(tenantId: string): Promise<readonly PublicSigningKey[]>
}

export interface SignerOptions {
  readonly database: Database
  /** At least 32 bytes that all servers of one database share, and the database does not hold. */
  readonly secret: Uint8Array
  readonly now: () => number
}

interface Held extends PublicSigningKey {
  readonly privateKey: KeyObject
}

/** How long one key signs. */
const ROTATE_AFTER_MS = 90 * 24 * 3_600_000

/** How soon a server notices that another one made or withdrew a key. */
const REMEMBERED_MS = 10_000

export function createSigner(options: SignerOptions): Signer {
  const { database, now } = options
  const held = new Map<string, { readonly key: Promise<Held>; readonly atMs: number }>()

  async function currentKey(tenantId: string): Promise<Held> {
    const row = await database
      .selectFrom('signing_keys')
      .selectAll()
      .where('tenant_id', '=', tenantId)
      .where('revoked_at', 'is', null)
      .where('created_at', '>', now() - ROTATE_AFTER_MS)
      .orderBy('created_at', 'desc')
      .orderBy('key_id')
      .limit(1)
      .executeTakeFirst()
    if (row === undefined) return await createKey(tenantId)
    const place = placeOf(tenantId, row.key_id)
    const der = openSealed(row.sealed, { secret: options.secret, place })
    return {
      keyId: row.key_id,
      publicKey: row.public_key,
      createdAtMs: row.created_at,
      privateKey: createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }),
    }
  }

  async function createKey(tenantId: string): Promise<Held> {
    const { privateKey } = generateKeyPairSync('ed25519')
    const keyId = `tvk-${randomBytes(8).toString('hex')}`
    const key = { keyId, publicKey: rawPublicKey(privateKey), createdAtMs: now(), privateKey }
    const der = privateKey.export({ format: 'der', type: 'pkcs8' })
    const sealed = seal(der, { secret: options.secret, place: placeOf(tenantId, keyId) })
    await database
      .insertInto('signing_keys')
      .values({
        tenant_id: tenantId,
        key_id: keyId,
        public_key: key.publicKey,
        sealed,
        created_at: key.createdAtMs,
        revoked_at: null,
      })
      .execute()
    return key
  }

  /** One look-up for all who sign at once; a failure is not remembered. */
  async function hold(tenantId: string): Promise<Held> {
    const known = held.get(tenantId)
    if (known !== undefined && isFresh(known.atMs, REMEMBERED_MS, now())) return await known.key
    const key = currentKey(tenantId)
    held.set(tenantId, { key, atMs: now() })
    key.catch(() => held.delete(tenantId))
    return await key
  }

  return {
    sign: async (tenantId, payload) => {
      const { keyId, privateKey } = await hold(tenantId)
      return { keyId, value: sign(null, payload, privateKey).toString('base64url') }
    },
    publicKeys: async (tenantId) => {
      // So that whoever asks before the first signature learns the key that will make it.
      await hold(tenantId)
      const rows = await database
        .selectFrom('signing_keys')
        .select(['key_id', 'public_key', 'created_at'])
        .where('tenant_id', '=', tenantId)
        .where('revoked_at', 'is', null)
        .orderBy('created_at', 'desc')
        .orderBy('key_id')
        .execute()
      return rows.map((row) => ({
        keyId: row.key_id,
        publicKey: row.public_key,
        createdAtMs: row.created_at,
      }))
    },
  }
}

/** Where a sealed key belongs: one that is moved to another row does not open. */
function placeOf(tenantId: string, keyId: string): string {
  return `signing key ${keyId} of ${tenantId}`
}

function rawPublicKey(privateKey: KeyObject): string {
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' })
  if (x === undefined) throw new Error('an Ed25519 key has no x')
  return x
}
