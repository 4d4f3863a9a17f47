/** A removal by eviction, or on demand, as the audit log has it. */
export interface Removal {
  readonly key: string
  /** By the clock of the log. */
  readonly atMs: number
  /** How many other entries were saved or read since this one was last; none of one that was removed on demand. */
  readonly othersUsed: number
}

/** Every removal in an audit log, in the order of the transactions. */
export function listRemovals(auditLog: string): readonly Removal[] {
  const removals: Removal[] = []
  // From what was used longest ago to what was used last: a key that is set again goes to the end.
  const used = new Set<string>()
  for (const { kind, key, atMs } of parseLines(auditLog)) {
    if (kind === 'EVICT' || kind === 'INVALIDATE') {
      const since = used.size - [...used].indexOf(key) - 1
      removals.push({ key, atMs, othersUsed: kind === 'EVICT' ? since : 0 })
    }
    used.delete(key)
    if (kind === 'SAVE' || kind === 'HIT') used.add(key)
  }
  return removals
}

interface Line {
  readonly kind: string
  readonly key: string
  readonly atMs: number
}

function parseLines(auditLog: string): IteratorObject<Line> {
  return auditLog
    .matchAll(/^\[(\S+)\] (SAVE|HIT|EVICT|INVALIDATE) .* key=([0-9a-f]+)/gm)
    .map(([, time = '', kind = '', key = '']) => ({ kind, key, atMs: Date.parse(time) }))
}
