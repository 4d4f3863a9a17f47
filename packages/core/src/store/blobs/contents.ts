import type { Digest } from '../../model/digest.ts'
import { digestToBytes } from '../../model/digest.ts'
import { PLACE_BYTES } from '../../model/pack-index.ts'
import type { ContentRows } from '../../model/pack-index.ts'
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

/** Which contents of a pack's index are in the store. */
export interface FoundContents {
  /** Numbers of the blobs that hold them, each once. */
  readonly blobs: readonly number[]
  /** The rows of those that are in none. */
  readonly missingRows: readonly number[]
}

/** Looks for all contents of an index by one statement. */
export function findContents({ database }: Store, contents: ContentRows): FoundContents {
  const { bytes, count, digestAt } = contents
  const blobs: number[] = []
  const missingRows: number[] = []
  if (count === 0) return { blobs, missingRows }
  const step = digestAt(1) - digestAt(0)
  const find = database.prepare(
    `WITH RECURSIVE rows (row) AS
       (SELECT 0 UNION ALL SELECT row + 1 FROM rows WHERE row + 1 < ?)
     SELECT DISTINCT blob, CASE WHEN blob IS NULL THEN row END AS missing
     FROM rows LEFT JOIN contents ON digest = substr(?, row * ? + 1, ?)`,
  )
  const digestBytes = step - PLACE_BYTES
  const rows = bytes.subarray(digestAt(0), digestAt(count))
  for (const { blob, missing } of find.all(count, rows, step, digestBytes)) {
    if (blob === null) missingRows.push(Number(missing))
    else blobs.push(Number(blob))
  }
  return { blobs, missingRows }
}

/** Whether any content is known at all; without one no look-up is worth its time. */
export function hasContents(store: Store): boolean {
  return store.database.prepare('SELECT 1 AS found FROM contents LIMIT 1').get() !== undefined
}
