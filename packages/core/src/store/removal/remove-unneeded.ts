import { removeBlobFile } from '../entries/remove-entry.ts'
import { reportTrouble } from '../report-trouble.ts'
import type { Store } from '../store.ts'

/**
 * Removes those of the blobs that no entry needs. Trouble is left to collection, which comes by
 * anyway.
 * @returns the bytes that were freed.
 */
export function removeUnneeded(store: Store, numbers: readonly number[]): number {
  // Nobody should wait for a lock that is taken for nothing.
  if (numbers.length === 0) return 0
  try {
    return store.database.transaction('relaxed', () => removeUnneededWithin(store, numbers))
  } catch (error) {
    reportTrouble(store, error)
    return 0
  }
}

/** The same inside a transaction; throws what goes wrong. */
export function removeUnneededWithin(store: Store, numbers: readonly number[]): number {
  const { database } = store
  const select = database.prepare(
    `SELECT digest, size FROM blobs WHERE number = ?
     AND NOT EXISTS (SELECT 1 FROM entry_blobs WHERE blob = blobs.number)`,
  )
  let freedBytes = 0
  for (const number of numbers) {
    const blob = select.get(number)
    if (blob === undefined || !removeBlobFile(store, blob['digest'])) continue
    database.prepare('DELETE FROM blobs WHERE number = ?').run(number)
    freedBytes += Number(blob['size'])
  }
  return freedBytes
}
