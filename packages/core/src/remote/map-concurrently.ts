/**
 * Applies `work` to all items, at most `atOnce` at the same time; results in the order of the items.
 * After a failure no further item is begun, and the failure is thrown when those begun have ended.
 */
export async function mapConcurrently<Item, Result>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  const failures: unknown[] = []
  let next = 0
  const takeOver = async (): Promise<void> => {
    while (next < items.length && failures.length === 0) {
      const index = next
      next += 1
      try {
        results[index] = await work(items[index] as Item)
      } catch (error) {
        failures.push(error)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, takeOver))
  if (failures.length > 0) throw failures[0]
  return results
}
