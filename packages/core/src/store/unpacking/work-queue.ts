/** Hands work from one producer to several consumers; the producer may help out when it is ahead. */
export interface WorkQueue<Item> {
  /** Whether more wait than should. */
  readonly isFull: boolean
  push(item: Item): void
  /** The next item; undefined when the queue is closed and empty. */
  take(): Promise<Item | undefined>
  /** The next item, when one waits. */
  takeNow(): Item | undefined
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
    get isFull() {
      return items.length >= capacity
    },
    push(item) {
      items.push(item)
      announce()
    },
    async take() {
      while (items.length === 0 && !isClosed) await changed.promise
      return items.shift()
    },
    takeNow: () => items.shift(),
    close({ clear } = { clear: false }) {
      if (clear) items.length = 0
      isClosed = true
      announce()
    },
  }
}
