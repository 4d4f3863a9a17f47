import type { RunEvent } from '@taskvault/core'
import type { Runner } from './runner.ts'

/** Trouble with the cache: a warning, and never more than that. */
export interface Troubles {
  readonly hadSome: boolean
  warn(message: string): void
  event(event: RunEvent): void
}

/** Says the same only once: what is tried again fails again. */
export function createTroubles(runner: Pick<Runner, 'warning'>): Troubles {
  const told = new Set<string>()
  const warn = (message: string): void => {
    if (!told.has(message)) runner.warning(message)
    told.add(message)
  }
  return {
    get hadSome() {
      return told.size > 0
    },
    warn,
    event(event) {
      if (event.kind === 'trouble') warn(event.message)
    },
  }
}
