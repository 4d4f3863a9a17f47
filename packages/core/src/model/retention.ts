import { EVICTION_STRATEGIES } from './policy.ts'
import type { EvictionStrategy } from './policy.ts'

/** An entry that may have to go, and what it holds on disk. */
export interface EvictionCandidate {
  readonly number: number
  readonly accessedAtMs: number
  readonly blobs: readonly NeededBlob[]
}

export interface NeededBlob {
  readonly number: number
  readonly sizeBytes: number
  /** Entries that need it, this one included. */
  readonly refs: number
}

export interface EvictionQueues {
  /** Expired entries, the longest expired first. */
  readonly expired: Iterable<EvictionCandidate>
  /** The entries of each strategy, in the order in which it lets them go. Expired ones may be among them. */
  readonly byStrategy: Readonly<Record<EvictionStrategy, Iterable<EvictionCandidate>>>
}

export interface EvictionLimits {
  /** Bytes on disk of all blobs that entries need; a shared blob counts once. */
  readonly usedBytes: number
  /** Nothing is evicted until more than this is used. */
  readonly limitBytes: number
  /** Whether eviction goes on where an earlier plan ended: then it need not be above the limit. */
  readonly hasBegun: boolean
  /** Then entries go until less than this is used. */
  readonly targetBytes: number
  /** The entry saved last: it goes only when the store is over its limit without any other. */
  readonly newest: number | undefined
}

export interface PlannedEviction {
  readonly number: number
  readonly because: 'expired' | EvictionStrategy
}

/**
 * Decides which entries go, in order. Expired ones go first. Then each strategy names the entry that
 * it would let go next, and of those named the one unused for longest goes: so no strategy lives at
 * the expense of another, and what is in use goes last whatever it is filed under.
 *
 * Stops as soon as less than `targetBytes` is used: never more than the last entry's worth below. The
 * queues are read only as far as needed.
 */
export function* planEviction(
  queues: EvictionQueues,
  limits: EvictionLimits,
): Generator<PlannedEviction> {
  if (!limits.hasBegun && limits.usedBytes <= limits.limitBytes) return
  const holdings = createHoldings(limits.usedBytes)
  const planned = new Set<number>()
  let newest: Turn | undefined
  for (const turn of inOrder(queues)) {
    const { candidate, because } = turn
    if (holdings.usedBytes < limits.targetBytes) return
    if (candidate.number === limits.newest) newest ??= turn
    if (candidate.number === limits.newest || planned.has(candidate.number)) continue
    planned.add(candidate.number)
    holdings.release(candidate)
    yield { number: candidate.number, because }
  }
  if (newest === undefined || holdings.usedBytes <= limits.limitBytes) return
  yield { number: newest.candidate.number, because: newest.because }
}

interface Turn {
  readonly candidate: EvictionCandidate
  readonly because: PlannedEviction['because']
}

function* inOrder(queues: EvictionQueues): Generator<Turn> {
  for (const candidate of queues.expired) yield { candidate, because: 'expired' }
  const heads = EVICTION_STRATEGIES.map((because) => {
    const rest = queues.byStrategy[because][Symbol.iterator]()
    return { because, rest, next: rest.next() }
  })
  for (;;) {
    let turn: (Turn & { readonly head: (typeof heads)[number] }) | undefined
    for (const head of heads) {
      if (head.next.done === true) continue
      const candidate = head.next.value
      if (turn === undefined || candidate.accessedAtMs < turn.candidate.accessedAtMs) {
        turn = { candidate, because: head.because, head }
      }
    }
    if (turn === undefined) return
    yield turn
    turn.head.next = turn.head.rest.next()
  }
}

interface Holdings {
  readonly usedBytes: number
  release(candidate: EvictionCandidate): void
}

/** Knows which blobs are still needed when some of the entries that need them have gone. */
function createHoldings(startBytes: number): Holdings {
  const refs = new Map<number, number>()
  let usedBytes = startBytes
  return {
    get usedBytes() {
      return usedBytes
    },
    release(candidate) {
      for (const blob of candidate.blobs) {
        const left = (refs.get(blob.number) ?? blob.refs) - 1
        refs.set(blob.number, left)
        if (left === 0) usedBytes -= blob.sizeBytes
      }
    },
  }
}
