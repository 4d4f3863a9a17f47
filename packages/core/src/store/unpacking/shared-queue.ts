import { createClaim, isTaken, takeClaim } from './batch-claim.ts'
import type { BatchClaim } from './batch-claim.ts'
import type { UnpackThread } from './unpack-threads.ts'
import { describeBatch } from './waiting-file.ts'
import type { WaitingBatch } from './waiting-file.ts'

/** Batches for the threads and for the one that plans them, each of which takes what nobody has. */
export interface SharedQueue {
  /** Batches that no thread knows of yet. */
  readonly waitingCount: number
  push(batches: readonly WaitingBatch[]): void
  /** Sends batches to threads that would soon have none. */
  feed(): void
  /** The next batch, for the caller to make; undefined when all are made or being made. */
  take(): WaitingBatch | undefined
  /** Nobody begins another batch. */
  clear(): void
  /** Resolves when no thread makes a batch any more. @throws {TaskVaultError} what the first failed with. */
  finish(): Promise<void>
}

/** A batch may be all of a large file, and keep this thread from sending more for as long as ten others. */
const SENT_AHEAD = 10

export function createSharedQueue(
  threads: readonly UnpackThread[],
  onMade: (batch: WaitingBatch, identities: Float64Array) => void,
): SharedQueue {
  let waiting: WaitingBatch[] = []
  const lanes = threads.map((thread): Lane => ({ thread, sent: [] }))
  const answers: Promise<void>[] = []

  function send({ thread, sent }: Lane, batch: WaitingBatch): void {
    const claim = createClaim()
    const answered = receive(thread.unpack(describeBatch(batch), claim), batch)
    sent.push({ batch, claim })
    // A failure is met by `finish`, not as an unhandled rejection before that.
    answered.catch(clear)
    answers.push(answered)
  }

  async function receive(
    answer: Promise<Float64Array | undefined>,
    batch: WaitingBatch,
  ): Promise<void> {
    const identities = await answer
    if (identities !== undefined) onMade(batch, identities)
  }

  function takeBack(): WaitingBatch | undefined {
    for (const { sent } of lanes) {
      for (let last = sent.pop(); last !== undefined; last = sent.pop()) {
        if (takeClaim(last.claim)) return last.batch
      }
    }
    return undefined
  }

  function clear(): void {
    waiting = []
    while (takeBack() !== undefined);
  }

  return {
    get waitingCount() {
      return waiting.length
    },
    push: (batches) => void waiting.push(...batches),
    feed() {
      if (waiting.length === 0) return
      for (const lane of lanes) {
        while (lane.sent[0] !== undefined && isTaken(lane.sent[0].claim)) lane.sent.shift()
        for (const batch of waiting.splice(0, SENT_AHEAD - lane.sent.length)) send(lane, batch)
      }
    },
    take: () => waiting.shift() ?? takeBack(),
    clear,
    async finish() {
      const results = await Promise.allSettled(answers)
      for (const result of results) if (result.status === 'rejected') throw result.reason
    },
  }
}

/** What a thread was sent, in the order in which it looks at it; those at the front may be taken. */
interface Lane {
  readonly thread: UnpackThread
  readonly sent: { readonly batch: WaitingBatch; readonly claim: BatchClaim }[]
}
