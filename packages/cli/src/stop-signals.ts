import { setTimeout as delay } from 'node:timers/promises'
import type { RunRequest } from '@taskvault/core'
import { exitCodeOfSignal } from './exit-codes.ts'
import type { StopSignal } from './exit-codes.ts'
import type { Host } from './host.ts'

/** The signals that ask us to stop, for whom they are meant: a command while it runs, us otherwise. */
export interface StopSignals {
  /** Aborted when one was meant for us. */
  readonly stopped: AbortSignal
  /** Where a command that runs gets them from. */
  readonly ofCommand: NonNullable<RunRequest['signals']>
  /**
   * The exit code of `work`, or a signal's, once all that the work had open is closed. Another signal, a moment
   * after the first, ends the process at once.
   */
  untilStopped(work: Promise<number | void>, close: () => Promise<void>): Promise<number | void>
}

/** One Ctrl-C can arrive twice, from the terminal and from a parent that forwards it. */
const SAME_SIGNAL_MS = 100
/** How long work that a signal cut short has to clean up behind itself, on a machine that is busy. */
const CLEANUP_MS = 5000

/** @param cleanupMs after which work that does not end is left to itself. */
export function createStopSignals(
  host: Pick<Host, 'onStopSignal'>,
  cleanupMs: number = CLEANUP_MS,
): StopSignals {
  const stopping = new AbortController()
  let command: ((signal: NodeJS.Signals) => void) | undefined
  return {
    stopped: stopping.signal,
    ofCommand(listener) {
      command = listener
      return {
        [Symbol.dispose]: () => {
          command = undefined
        },
      }
    },
    async untilStopped(work, close) {
      const { promise: stopped, resolve: stop } = Promise.withResolvers<StopSignal>()
      const stopListening = host.onStopSignal((signal) =>
        command === undefined ? stop(signal) : command(signal),
      )
      try {
        const first = await Promise.race([work.then((code) => ({ code })), stopped])
        if (typeof first !== 'string') return first.code
        stopping.abort()
        await delay(SAME_SIGNAL_MS)
        stopListening()
        // What is closed under the work makes it fail at its next step, and remove what it has staged.
        const cleanedUp = close().then(async () => await work)
        await Promise.race([cleanedUp.catch(() => undefined), delay(cleanupMs)])
        return exitCodeOfSignal(first)
      } finally {
        stopListening()
      }
    },
  }
}
