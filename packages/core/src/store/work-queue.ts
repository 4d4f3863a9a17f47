/** Hands work from one producer to several consumers, and holds the producer back when it is ahead. */
export interface WorkQueue<Item> {
  push(item: Item): void
  /** Resolves when fewer than `capacity` items wait; at once when that is so already. */
  room(): Promise<void>
  /** The next item; undefined when the queue is closed and empty. */
  take(): Promise<Item | undefined>
  /** No more items will come. `clear` drops those that wait. */
  close(options?: { readonly clear: boolean }): void
}

export function createWorkQueue<Item>(capacity: number): WorkQueue<Item> {
  const items: Item[] = []
  let isClosed = false
  let changed = Promise.withResolvers<void>()

  function announce(): void {
    changed.resolve()
    changed = Promise.withResolvers()
  }

  return {
    push(item) {
      items.push(item)
      announce()
    },
    async room() {
      while (items.length >= capacity && !isClosed) await changed.promise
    },
    async take() {
      while (items.length === 0 && !isClosed) await changed.promise
      const item = items.shift()
      announce()
      return item
    },
    close({ clear } = { clear: false }) {
      if (clear) items.length = 0
      isClosed = true
      announce()
    },
  }
}
