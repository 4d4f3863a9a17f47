import type { Saved } from '../contents.ts'

/** What a read came to. `identity`: what the bytes say themselves that they are. */
export type ReadOutcome =
  | { readonly kind: 'hit'; readonly identity: Saved | undefined }
  | { readonly kind: 'miss'; readonly reasons: string }

/**
 * One line of a worker's history. Times are of the monotonic clock, in milliseconds, the same for all
 * processes of the machine. An `outcome` is `done` or the code of a failure. `began` is written before an operation, so that a kill leaves a trace.
 */
export type HistoryEvent =
  | { readonly kind: 'began'; readonly at: number; readonly operation: Operation }
  | { readonly kind: 'ended'; readonly at: number; readonly outcome: string }
  | {
      readonly kind: 'read'
      readonly at: number
      readonly beganAt: number
      readonly key: string
      readonly outcome: ReadOutcome
    }
  | { readonly kind: 'uncaught'; readonly at: number; readonly message: string }

export type Operation =
  | { readonly name: 'save'; readonly key: string; readonly generation: number }
  | { readonly name: 'invalidate'; readonly key: string }
  | { readonly name: 'evict' | 'collect' | 'open' }

/** The history of one process; killed unless it ended by itself. */
export interface ProcessHistory {
  readonly slot: number
  readonly events: readonly HistoryEvent[]
  /** When it was killed; undefined when it ended by itself. */
  readonly killedAt: number | undefined
}

/** What went wrong. Every one of them is a broken promise. */
export interface Violation {
  readonly kind: 'wrong-bytes' | 'stale' | 'lost' | 'evicted-in-use' | 'uncaught' | 'damaged-store'
  readonly detail: string
}

export interface SaveRecord {
  readonly generation: number
  readonly beganAt: number
  /** When the save returned; undefined when it was killed or failed. */
  readonly acknowledgedAt: number | undefined
}

/** All that happened to one key, in the order of the clock. */
export interface KeyHistory {
  readonly saves: SaveRecord[]
  /** When removals of this key began that somebody asked for. */
  readonly invalidations: number[]
}

/** Keys that are used all the time, by everybody; eviction nearly always has older ones to choose. */
export function isHot(key: string): boolean {
  return key.startsWith('hot-')
}

export function collectKeys(processes: readonly ProcessHistory[]): Map<string, KeyHistory> {
  const keys = new Map<string, KeyHistory>()
  const historyOf = (key: string): KeyHistory => {
    const known = keys.get(key) ?? { saves: [], invalidations: [] }
    keys.set(key, known)
    return known
  }
  for (const { events } of processes) {
    for (const [index, event] of events.entries()) {
      if (event.kind !== 'began') continue
      const { operation, at } = event
      if (operation.name === 'invalidate') historyOf(operation.key).invalidations.push(at)
      if (operation.name !== 'save') continue
      const end = events[index + 1]
      const acknowledgedAt = end?.kind === 'ended' && end.outcome === 'done' ? end.at : undefined
      historyOf(operation.key).saves.push({
        generation: operation.generation,
        beganAt: at,
        acknowledgedAt,
      })
    }
  }
  for (const { saves } of keys.values())
    saves.sort((left, right) => left.generation - right.generation)
  return keys
}
