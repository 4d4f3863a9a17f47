import type { ByteStream } from '../blob-store.ts'
import type { RemoteStores } from '../remote-stores.ts'

/** Lets at most `atOnce` calls run; others wait their turn. A stream counts until it has ended. */
export function limited({ blobs, entries }: RemoteStores, atOnce: number): RemoteStores {
  const turns = createTurns(atOnce)
  return {
    blobs: {
      findMissing: (names, options) =>
        turns.during(options?.signal, async () => await blobs.findMissing(names, options)),
      put: (content, options) =>
        turns.during(options?.signal, async () => await blobs.put(content, options)),
      check: (blob, options) =>
        turns.during(options?.signal, async () => await blobs.check(blob, options)),
      async get(name, options) {
        const release = await turns.take(options?.signal)
        try {
          const stream = await blobs.get(name, options)
          if (stream !== undefined) return releasing(stream, release)
          release()
          return undefined
        } catch (error) {
          release()
          throw error
        }
      },
    },
    entries: {
      find: (task, key, options) =>
        turns.during(options?.signal, async () => await entries.find(task, key, options)),
      list: (query, options) =>
        turns.during(options?.signal, async () => await entries.list(query, options)),
      publish: (draft, options) =>
        turns.during(options?.signal, async () => await entries.publish(draft, options)),
      remove: (record, options) =>
        turns.during(options?.signal, async () => await entries.remove(record, options)),
    },
  }
}

interface Turns {
  /** Resolves to what gives the turn back; calling that again is harmless. */
  take(signal: AbortSignal | undefined): Promise<() => void>
  during<Result>(signal: AbortSignal | undefined, work: () => Promise<Result>): Promise<Result>
}

function createTurns(atOnce: number): Turns {
  const waiting: (() => void)[] = []
  let free = atOnce
  const giveBack = (): void => {
    const next = waiting.shift()
    if (next === undefined) free += 1
    else next()
  }
  const take: Turns['take'] = async (signal) => {
    if (free > 0) free -= 1
    else await new Promise<void>((resolve) => waiting.push(resolve))
    let isHeld = true
    const release = (): void => {
      if (isHeld) giveBack()
      isHeld = false
    }
    if (signal?.aborted === true) {
      release()
      throw signal.reason
    }
    return release
  }
  return {
    take,
    async during(signal, work) {
      const release = await take(signal)
      try {
        return await work()
      } finally {
        release()
      }
    },
  }
}

function releasing(stream: ByteStream, release: () => void): ByteStream {
  const pieces = stream[Symbol.asyncIterator]()
  return {
    [Symbol.asyncIterator]: () => ({
      async next() {
        try {
          const step = await pieces.next()
          if (step.done === true) release()
          return step
        } catch (error) {
          release()
          throw error
        }
      },
      async return() {
        release()
        return (await pieces.return?.()) ?? { done: true, value: undefined }
      },
    }),
  }
}
