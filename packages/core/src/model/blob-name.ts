import { TaskVaultError } from '../errors.ts'
import { isDigest } from './digest.ts'
import type { Digest } from './digest.ts'

declare const blobNameBrand: unique symbol

/**
 * A blob's name in remote stores: hash algorithm, hyphen, digest of the stored bytes: `blake3-9f86d0…`. Anyone who has
 * the bytes can check the name.
 */
export type BlobName = string & { readonly [blobNameBrand]: true }

export interface BlobNameParts {
  readonly algorithm: string
  readonly digest: Digest
}

const SHAPE = /^([a-z][a-z0-9]*)-([0-9a-f]+)$/

export function blobNameOf({ algorithm, digest }: BlobNameParts): BlobName {
  return `${algorithm}-${digest}` as BlobName
}

/** @throws {TaskVaultError} ARGUMENT_INVALID when `text` is not shaped like a blob's name. */
export function parseBlobName(text: string): BlobName {
  splitBlobName(text)
  return text as BlobName
}

/** @throws {TaskVaultError} ARGUMENT_INVALID as `parseBlobName`. */
export function splitBlobName(text: string): BlobNameParts {
  const [, algorithm, digest] = SHAPE.exec(text) ?? []
  if (algorithm === undefined || digest === undefined || !isDigest(digest)) {
    throw new TaskVaultError('ARGUMENT_INVALID', `Not a blob's name: ${JSON.stringify(text)}`, {
      hint: 'A blob is named by algorithm and digest, for example blake3-9f86d081….',
    })
  }
  return { algorithm, digest }
}
