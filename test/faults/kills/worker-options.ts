/** What a worker of the suite is told, as JSON in its first argument. */
export interface WorkerOptions {
  readonly project: string
  readonly slot: number
  /** All slots, this one included. */
  readonly slots: readonly number[]
  readonly seed: number
  readonly limitBytes: number
  /** What part of its operations collects garbage. */
  readonly collectingShare: number
  readonly historyFile: string
  /** Higher than any generation that this slot has begun. */
  readonly firstGeneration: number
  /** After so many operations it asks to be killed, and goes on. */
  readonly duePastOperations: number
}

const SLOTS_WITH_HOT_KEYS = 4

/** Keys that a slot writes and everybody reads all the time: results of the SDK and trees of files. */
export function hotKeysOf(slot: number): readonly string[] {
  return slot < SLOTS_WITH_HOT_KEYS ? [`hot-result-${slot}`, `hot-tree-${slot}`] : []
}

const COLD_KEYS_PER_SLOT = 40

/** A key that is used now and then, and that eviction may choose. */
export function coldKeyOf(slot: number, random: () => number): string {
  const number = Math.floor(random() * COLD_KEYS_PER_SLOT)
  return `cold-${number % 2 === 0 ? 'result' : 'tree'}-${slot}-${number}`
}

/** Numbers from 0 to 1 that follow from a seed: mulberry32. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
