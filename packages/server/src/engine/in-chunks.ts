/** Names at once in one statement. */
const CHUNK = 500

/**
 * Runs `work` on parts of `items`, one after another. Short parts come in few sizes, each filled up by
 * repeating its last item, so that a statement for any number of names is one of a handful, and prepared.
 */
export async function inChunks<Item, Result>(
  items: readonly Item[],
  work: (part: readonly Item[]) => Promise<readonly Result[]>,
): Promise<Result[]> {
  const results: Result[] = []
  for (let at = 0; at < items.length; at += CHUNK) {
    results.push(...(await work(filledUp(items.slice(at, at + CHUNK)))))
  }
  return results
}

const SIZES = [1, 4, 16, 64, CHUNK]

function filledUp<Item>(part: readonly Item[]): readonly Item[] {
  const size = SIZES.find((each) => each >= part.length) ?? CHUNK
  const last = part.at(-1)
  if (last === undefined) return part
  return [...part, ...Array.from<Item>({ length: size - part.length }).fill(last)]
}
