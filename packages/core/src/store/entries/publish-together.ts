import type { Store } from '../store.ts'
import { publishEntries, publishEntry } from './publish-entry.ts'
import type { Publication, Published } from './publish-entry.ts'

/** Publishes the entries of the saves of one process. */
export interface Publisher {
  /** A save begins, and ends when this is disposed. One that is alone is published without looking for others. */
  begin(): Disposable
  /**
   * Publishes an entry as `publishEntry` does, together with those of other saves that are as far.
   * @throws {TaskVaultError} as `publishEntry` does; the others of the same time fail with it.
   */
  publish(publication: Publication): Promise<Published>
}

interface Ready {
  readonly publication: Publication
  readonly outcome: PromiseWithResolvers<Published>
}

/** Other processes wait for the write lock meanwhile. */
const MAX_TOGETHER = 64

/** Saves that a program has begun at once are ready at once, and wait for the disk together (ADR 32). */
export function createPublisher(store: Store): Publisher {
  let ready: Ready[] = []
  let begunSaves = 0

  function publishReady(): void {
    const together = ready.slice(0, MAX_TOGETHER)
    ready = ready.slice(MAX_TOGETHER)
    if (ready.length > 0) process.nextTick(publishReady)
    try {
      const published = publishEntries(
        store,
        together.map(({ publication }) => publication),
      )
      for (const [index, one] of published.entries()) together[index]?.outcome.resolve(one)
    } catch (error) {
      for (const { outcome } of together) outcome.reject(error)
    }
  }

  return {
    begin() {
      begunSaves += 1
      return { [Symbol.dispose]: () => void (begunSaves -= 1) }
    },
    async publish(publication) {
      if (begunSaves <= 1) return publishEntry(store, publication)
      const outcome = Promise.withResolvers<Published>()
      ready.push({ publication, outcome })
      // Runs when no promise is left that could go on: all that wait for nothing from outside are ready by then.
      if (ready.length === 1) process.nextTick(publishReady)
      return await outcome.promise
    },
  }
}
