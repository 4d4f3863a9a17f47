import type { Store } from '../store.ts'
import { removeUnneededWithin } from './remove-unneeded.ts'

/** Blobs and files younger than this may belong to a save that is going on. */
export const GRACE_MS: number = 60 * 60 * 1000

const BATCH_BLOBS = 200

/**
 * Removes blobs that no entry needs and that are older than saves take.
 * @returns how many, and their bytes.
 */
export function collectUnreferenced(store: Store): { blobs: number; freedBytes: number } {
  // Bounded on both sides: one from the future was written before the clock was set back.
  const select = store.database.prepare(
    `SELECT number FROM blobs WHERE refs = 0 AND number > ?
     AND created_at NOT BETWEEN ? AND ? ORDER BY number LIMIT ?`,
  )
  let [blobs, freedBytes, after] = [0, 0, -1]
  for (;;) {
    const nowMs = store.now()
    const isDone = store.database.transaction('relaxed', () => {
      const rows = select.all(after, nowMs - GRACE_MS, nowMs + GRACE_MS, BATCH_BLOBS)
      const numbers = rows.map((row) => Number(row['number']))
      freedBytes += removeUnneededWithin(store, numbers)
      blobs += numbers.length
      after = numbers.at(-1) ?? after
      return numbers.length < BATCH_BLOBS
    })
    if (isDone) return { blobs, freedBytes }
  }
}
