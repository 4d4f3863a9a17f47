import type { Store } from '../store.ts'

/**
 * What `look` says when everybody is done who is removing something now: a file goes before the row that
 * names it, so for a moment the row is there, and seems to be damaged. For those who miss a file.
 */
export function afterRemovals<Result>({ database }: Store, look: () => Result): Result {
  return database.isReadOnly ? look() : database.transaction('relaxed', look)
}
