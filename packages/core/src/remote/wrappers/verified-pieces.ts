import { TaskVaultError } from '../../errors.ts'
import type { Hasher } from '../../hashing/hash-algorithm.ts'
import type { ByteStream } from '../blob-store.ts'

/** What bytes must be. */
export interface ExpectedBytes {
  /** The name of the bytes in messages: `blob blake3-9f86…`. */
  readonly what: string
  readonly sizeBytes: number
  /** Each hasher must produce its digest. */
  readonly digests: readonly { readonly hasher: Hasher; readonly expected: Buffer }[]
}

/**
 * Passes bytes on and verifies them on the way. It holds the last piece back until all bytes have proved right, so a
 * reader that stores them never has a complete copy of wrong bytes.
 * @throws {TaskVaultError} BLOB_CORRUPT at the first byte too many, or at the end.
 */
export async function* verifiedPieces(
  pieces: ByteStream,
  expected: ExpectedBytes,
): AsyncGenerator<Uint8Array, void> {
  let held: Uint8Array | undefined
  let receivedBytes = 0
  for await (const piece of pieces) {
    receivedBytes += piece.length
    if (receivedBytes > expected.sizeBytes) throw wrongSize(expected, 'more')
    for (const { hasher } of expected.digests) hasher.update(piece)
    if (held !== undefined) yield held
    held = piece
  }
  if (receivedBytes < expected.sizeBytes) throw wrongSize(expected, `only ${receivedBytes}`)
  for (const { hasher, expected: digest } of expected.digests) {
    if (!hasher.digest().equals(digest)) throw wrongDigest(expected)
  }
  if (held !== undefined) yield held
}

function wrongSize({ what, sizeBytes }: ExpectedBytes, actual: string): TaskVaultError {
  return new TaskVaultError(
    'BLOB_CORRUPT',
    `${what} should have ${sizeBytes} bytes, but has ${actual}`,
  )
}

function wrongDigest({ what }: ExpectedBytes): TaskVaultError {
  return new TaskVaultError('BLOB_CORRUPT', `${what} does not have the digest that it should have`)
}
