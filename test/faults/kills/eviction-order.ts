/**
 * Evictions that took an entry while one that was used before it stayed: what is in use goes last.
 * Replays the audit log of a vault whose entries are all of the strategy `lru`, line by line as they
 * were written, which is the order of the transactions.
 * @returns a line for each, empty when eviction kept to the order of use.
 */
export function findEvictedOutOfTurn(auditLog: string): readonly string[] {
  const entries = new Map<string, LastUse>()
  const found: string[] = []
  for (const [number, line] of parseLines(auditLog).entries()) {
    const entry = entries.get(line.key)
    if (line.kind === 'SAVE') {
      entries.set(line.key, { savedAtMs: line.atMs, noEarlier: number, noLater: number })
    } else if (line.kind === 'HIT') {
      if (entry !== undefined) use(entry, { number, atMs: line.atMs })
    } else {
      entries.delete(line.key)
      const stayed = line.kind === 'EVICT' && entry && findUsedBefore(entry, entries)
      if (stayed) found.push(`${line.key} was evicted, and ${stayed} stayed, which was used before`)
    }
  }
  return found
}

/** Between which lines of the log an entry was used last. */
interface LastUse {
  readonly savedAtMs: number
  noEarlier: number
  noLater: number
}

/** So long after a save, a hit may still be one of the entry that it replaced, whose use counts no more. */
const REPLACED_MS = 2_000

function use(entry: LastUse, hit: { readonly number: number; readonly atMs: number }): void {
  entry.noLater = hit.number
  if (hit.atMs > entry.savedAtMs + REPLACED_MS) entry.noEarlier = hit.number
}

/** @returns the key of an entry that should have gone before; never the one saved last, which is spared. */
function findUsedBefore(evicted: LastUse, left: ReadonlyMap<string, LastUse>): string | undefined {
  const newest = [...left].reduce<readonly [string, LastUse] | undefined>(
    (last, one) => (last === undefined || one[1].savedAtMs >= last[1].savedAtMs ? one : last),
    undefined,
  )
  const [key] =
    [...left].find((one) => one[0] !== newest?.[0] && one[1].noLater < evicted.noEarlier) ?? []
  return key
}

interface Line {
  readonly kind: string
  readonly key: string
  readonly atMs: number
}

function parseLines(auditLog: string): readonly Line[] {
  return auditLog
    .matchAll(/^\[(\S+)\] (SAVE|HIT|EVICT|INVALIDATE|QUARANTINE) .* key=([0-9a-f]+)/gm)
    .map(([, time = '', kind = '', key = '']) => ({ kind, key, atMs: Date.parse(time) }))
    .toArray()
}
