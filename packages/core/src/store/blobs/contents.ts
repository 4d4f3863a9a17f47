import type { Digest } from '../../model/digest.ts'
import { digestToBytes } from '../../model/digest.ts'
import type { Store } from '../store.ts'

export interface NewBlob {
  readonly digest: Digest
  readonly sizeBytes: number
  /** Digests of the contents that later saves may refer to. */
  readonly contents: readonly Buffer[]
}

/**
 * Enters a blob whose file is in place into the index, and makes its contents findable. Until an
 * entry needs it, it belongs to a save in flight, and garbage collection leaves it alone for a while.
 * @returns the blob's number.
 */
export function registerBlob(store: Store, blob: NewBlob): number {
  const { database } = store
  const addBlob = database.prepare(
    `INSERT INTO blobs (digest, size, created_at) VALUES (?, ?, ?)
     ON CONFLICT (digest) DO UPDATE SET created_at = excluded.created_at RETURNING number`,
  )
  // A content that is in two blobs is found in the later one: the earlier one may go sooner.
  const addContent = database.prepare(
    'INSERT OR REPLACE INTO contents (digest, blob) VALUES (?, ?)',
  )
  return database.transaction('relaxed', () => {
    const row = addBlob.get(digestToBytes(blob.digest), blob.sizeBytes, store.now())
    const number = Number(row?.['number'])
    for (const content of blob.contents) addContent.run(content, number)
    return number
  })
}

/** The number of the blob that holds a content, or undefined. */
export function findContent(store: Store, digest: Buffer): number | undefined {
  const row = store.database.prepare('SELECT blob FROM contents WHERE digest = ?').get(digest)
  return row === undefined ? undefined : Number(row['blob'])
}

/** Whether any content is known at all; without one no look-up is worth its time. */
export function hasContents(store: Store): boolean {
  return store.database.prepare('SELECT 1 AS found FROM contents LIMIT 1').get() !== undefined
}
