/** Computes one digest over bytes that arrive in pieces. Use it once. */
export interface Hasher {
  update(bytes: Uint8Array): void
  /** The raw digest. Do not call `update` afterwards. */
  digest(): Buffer
}

/** A hash function with a collision resistance of at least 128 bits. */
export interface HashAlgorithm {
  /** Lowercase; part of every key, and written into every blob's first line. */
  readonly name: string
  readonly digestBytes: number
  /** Digest of `bytes` in one call; the fast path for small files. */
  hash(bytes: Uint8Array): Buffer
  createHasher(): Hasher
}
