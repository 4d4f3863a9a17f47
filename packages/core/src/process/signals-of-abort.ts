import { hasProcessGroups } from './send-signal.ts'
import type { SignalSource } from './signals.ts'

/** How long a command may take to end by itself once it was asked to. */
const GRACE_MS = 5_000

/**
 * The signals that end a command when `aborted` is: SIGTERM, and SIGKILL if it still runs after the grace. Where no
 * process can be asked to end, on Windows, it is killed at once.
 */
export function signalsOfAbort(aborted: AbortSignal, graceMs: number = GRACE_MS): SignalSource {
  return (listener) => {
    let killing: NodeJS.Timeout | undefined
    const end = (): void => {
      if (!hasProcessGroups) return listener('SIGKILL')
      killing = setTimeout(() => listener('SIGKILL'), graceMs)
      listener('SIGTERM')
    }
    if (aborted.aborted) end()
    else aborted.addEventListener('abort', end, { once: true })
    return {
      [Symbol.dispose]() {
        aborted.removeEventListener('abort', end)
        clearTimeout(killing)
      },
    }
  }
}
