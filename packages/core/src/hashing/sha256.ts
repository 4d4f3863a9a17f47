import { createHash, hash } from 'node:crypto'
import type { HashAlgorithm } from './hash-algorithm.ts'

/** SHA-256 from Node's own crypto: hardware-accelerated, and what FIPS asks for. */
export const sha256: HashAlgorithm = {
  name: 'sha256',
  digestBytes: 32,
  hash: (bytes) => hash('sha256', bytes, 'buffer'),
  createHasher: () => {
    const state = createHash('sha256')
    return { update: (bytes) => void state.update(bytes), digest: () => state.digest() }
  },
}
