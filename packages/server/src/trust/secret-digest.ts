import { createHash, timingSafeEqual } from 'node:crypto'

/** SHA-256 of a token, in hexadecimal. It has 256 random bits: nothing slower is needed. */
export function digestOfSecret(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** Takes as long for a wrong token as for the right one. */
export function isDigestOf(digest: string, text: string): boolean {
  const expected = Buffer.from(digest, 'hex')
  const found = Buffer.from(digestOfSecret(text), 'hex')
  return expected.length === found.length && timingSafeEqual(expected, found)
}

/** What a token whose id is unknown is compared with: that takes as long as with one that is known. */
export const NO_DIGEST: string = '00'.repeat(32)
