import { createPublicKey, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { TaskVaultError } from '../../errors.ts'
import { encodeRecordForSigning } from '../../model/entry-record.ts'
import type { EntryRecord } from '../../model/entry-record.ts'

/** The keys that a record must be signed with, one of them. */
export interface PinnedKeys {
  hasSigned(record: EntryRecord): boolean
}

const RAW_KEY_BYTES = 32

/**
 * Reads Ed25519 public keys: 32 bytes in base64url, as a server publishes them.
 * @throws {TaskVaultError} ARGUMENT_INVALID
 */
export function parsePublicKeys(texts: readonly string[]): PinnedKeys {
  const keys = texts.map(parsePublicKey)
  return {
    hasSigned(record) {
      const { signature } = record
      if (signature === undefined) return false
      const bytes = encodeRecordForSigning(record)
      const value = Buffer.from(signature.value, 'base64url')
      return keys.some((key) => verify(undefined, bytes, key, value))
    },
  }
}

function parsePublicKey(text: string): KeyObject {
  if (isPublicKey(text)) {
    return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: text }, format: 'jwk' })
  }
  throw new TaskVaultError('ARGUMENT_INVALID', `Not a public key: ${JSON.stringify(text)}`, {
    hint: 'Use the 43 characters that the server shows under /v1/signing-keys.',
  })
}

function isPublicKey(text: string): boolean {
  const isShaped = /^[A-Za-z0-9_-]{43}$/.test(text)
  return isShaped && Buffer.from(text, 'base64url').length === RAW_KEY_BYTES
}
