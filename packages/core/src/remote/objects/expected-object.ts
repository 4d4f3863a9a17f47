import { basename } from 'node:path/posix'
import { sha256 } from '../../hashing/sha256.ts'
import type { ExpectedBytes } from '../wrappers/verified-pieces.ts'
import type { ObjectContent } from './object-store.ts'

/** What an object's bytes must turn out to be, as far as whoever sends them has said. */
export function expectedObject(
  key: string,
  { sizeBytes, sha256: digest }: Omit<ObjectContent, 'open'>,
): ExpectedBytes {
  const digests =
    digest === undefined
      ? []
      : [{ hasher: sha256.createHasher(), expected: Buffer.from(digest, 'hex') }]
  return { what: `Object ${basename(key)}`, sizeBytes, digests }
}
