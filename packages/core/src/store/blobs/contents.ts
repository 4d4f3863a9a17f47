import type { Digest } from '../../model/digest.ts'
import { digestToBytes } from '../../model/digest.ts'
import type { Database } from '../database/database.ts'
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
  const [number] = registerBlobs(store, [blob])
  if (number === undefined) throw new Error('each blob that is registered has a number')
  return number
}

/** The same for several at once. */
export function registerBlobs(store: Store, blobs: readonly NewBlob[]): readonly number[] {
  // The write lock is everybody's, and most saves have nothing to enter before they begin.
  if (blobs.length === 0) return []
  const { database } = store
  const addBlob = database.prepare(
    `INSERT INTO blobs (digest, size, created_at) VALUES (?, ?, ?)
     ON CONFLICT (digest) DO UPDATE SET created_at = excluded.created_at RETURNING number`,
  )
  return database.transaction('relaxed', () =>
    blobs.map(({ digest, sizeBytes, contents }) => {
      const row = addBlob.get(digestToBytes(digest), sizeBytes, store.now())
      const number = Number(row?.['number'])
      addContents(database, number, contents)
      return number
    }),
  )
}

/**
 * Makes contents findable in a blob; within a transaction. One statement takes them all out of one value, in the order of the
 * table, in half the time that a statement for each takes.
 */
export function addContents(database: Database, blob: number, contents: readonly Buffer[]): void {
  const [first] = contents
  if (first === undefined) return
  // A content that is in two blobs is found in the later one: the earlier one may go sooner.
  const add = database.prepare(
    `WITH RECURSIVE starts (start) AS
       (SELECT 1 UNION ALL SELECT start + ? FROM starts WHERE start + ? <= ?)
     INSERT OR REPLACE INTO contents (digest, blob)
     SELECT substr(?, start, ?) AS digest, ? FROM starts ORDER BY digest`,
  )
  const digests = Buffer.concat(contents)
  const step = first.length
  add.run(step, step, digests.length, digests, step, blob)
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
