import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { TaskVaultError } from '@taskvault/core'

export interface SealOptions {
  /** At least 32 bytes. */
  readonly secret: Uint8Array
  /** What is sealed, and for where: it opens with the same text only. */
  readonly place: string
}

const ALGORITHM = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** Encrypts something small for the database: nonce, tag and ciphertext, in base64url. */
export function seal(bytes: Uint8Array, options: SealOptions): string {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv(ALGORITHM, keyOf(options), nonce)
  cipher.setAAD(Buffer.from(options.place))
  const body = Buffer.concat([cipher.update(bytes), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64url')
}

/** @throws {TaskVaultError} CONFIG_INVALID when it was sealed with another secret, for elsewhere, or changed. */
export function openSealed(text: string, options: SealOptions): Buffer {
  const bytes = Buffer.from(text, 'base64url')
  try {
    const nonce = bytes.subarray(0, NONCE_BYTES)
    const decipher = createDecipheriv(ALGORITHM, keyOf(options), nonce, {
      authTagLength: TAG_BYTES,
    })
    decipher.setAAD(Buffer.from(options.place))
    decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
    const body = bytes.subarray(NONCE_BYTES + TAG_BYTES)
    return Buffer.concat([decipher.update(body), decipher.final()])
  } catch (cause) {
    throw new TaskVaultError('CONFIG_INVALID', `Cannot open the ${options.place}`, {
      hint: 'Start this server with the secret that the database was used with before: TASKVAULT_SERVER_SECRET, or the file `secret` of its data directory.',
      cause,
    })
  }
}

function keyOf({ secret }: SealOptions): Uint8Array {
  if (secret.length < 32) throw new Error('a server’s secret has at least 32 bytes')
  return new Uint8Array(hkdfSync('sha256', secret, '', 'taskvault sealed 1', 32))
}
