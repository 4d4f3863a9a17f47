declare const digestBrand: unique symbol
declare const taskKeyBrand: unique symbol

/** A content's digest in lowercase hexadecimal. The context says which algorithm it is of. */
export type Digest = string & { readonly [digestBrand]: true }

/** The digest of a fingerprint; identifies one piece of work exactly. */
export type TaskKey = string & { readonly [taskKeyBrand]: true }

const HEX_DIGEST = /^[0-9a-f]{32,128}$/

/** Whether `text` has the shape of a digest or key. */
export function isDigest(text: string): text is Digest & TaskKey {
  return HEX_DIGEST.test(text) && text.length % 2 === 0
}

/** Digest of raw digest bytes. */
export function digestFromBytes(bytes: Uint8Array): Digest {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex') as Digest
}

/** Raw bytes of a digest. */
export function digestToBytes(digest: Digest | TaskKey): Buffer {
  return Buffer.from(digest, 'hex')
}

/** Shortens a digest for display: `a3f2b1c8...`. */
export function shortDigest(digest: string): string {
  return `${digest.slice(0, 8)}...`
}
