/** Work that is done again and again, never twice at once. */
export interface Repeating {
  readonly everyMs: number
  readonly work: () => Promise<void>
  /** It is tried again at the next turn. */
  readonly onTrouble: (error: unknown) => void
}

/** Starts it; closing waits for the turn that is under way. Keeps no process alive. */
export function startRepeating({ everyMs, work, onTrouble }: Repeating): AsyncDisposable {
  let running: Promise<void> | undefined
  const timer = setInterval(() => {
    running ??= work()
      .catch(onTrouble)
      .finally(() => {
        running = undefined
      })
  }, everyMs)
  timer.unref()
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      await running
    },
  }
}
