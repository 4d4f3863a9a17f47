import { digestToBytes } from '../../model/digest.ts'
import type { Digest } from '../../model/digest.ts'
import type { Store } from '../store.ts'

/** A blob as the index knows it. */
export interface IndexedBlob {
  readonly number: number
  readonly digest: Digest
  readonly sizeBytes: number
}

export function findIndexedBlob(
  { database }: Pick<Store, 'database'>,
  digest: Digest,
): IndexedBlob | undefined {
  const row = database
    .prepare('SELECT number, size FROM blobs WHERE digest = ?')
    .get(digestToBytes(digest))
  return row && { number: Number(row['number']), digest, sizeBytes: Number(row['size']) }
}

export function isIndexed(store: Pick<Store, 'database'>, digest: Digest): boolean {
  return findIndexedBlob(store, digest) !== undefined
}
