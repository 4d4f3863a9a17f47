/** Which entries were written by jobs that had restored one of `ids` before. */
export type FindDerived<Id> = (ids: readonly Id[]) => Promise<readonly Id[]>

export interface WalkOptions {
  /** At most this many ids are asked for at once. */
  readonly batchSize: number
}

/**
 * All ids that can be reached from `roots`, those included, each once, nearest first. Who restored
 * what can come together again, and one entry can lead to many: nothing is asked for twice.
 */
export async function walkDerived<Id>(
  roots: readonly Id[],
  findDerived: FindDerived<Id>,
  { batchSize }: WalkOptions = { batchSize: 500 },
): Promise<readonly Id[]> {
  const reached = new Set(roots)
  let frontier: readonly Id[] = [...reached]
  while (frontier.length > 0) {
    const next: Id[] = []
    for (let from = 0; from < frontier.length; from += batchSize) {
      // oxlint-disable-next-line no-await-in-loop -- one query after the other, on one connection
      const found = await findDerived(frontier.slice(from, from + batchSize))
      for (const id of found) {
        if (reached.has(id)) continue
        reached.add(id)
        next.push(id)
      }
    }
    frontier = next
  }
  return [...reached]
}
