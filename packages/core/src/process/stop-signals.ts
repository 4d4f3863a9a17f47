import { constants } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import type { SignalSource } from './signals.ts'

/** The signals that ask us to stop. */
export type StopSignal = 'SIGHUP' | 'SIGINT' | 'SIGQUIT' | 'SIGTERM'

/**
 * Calls the listener for every signal that asks us to stop, until the function returned is called. While anyone
 * listens, the signal does nothing by itself.
 */
export type OnStopSignal = (listener: (signal: StopSignal) => void) => () => void

/** Listens for these signals of a process. */
export function onSignalsOf(
  process: Pick<NodeJS.EventEmitter, 'on' | 'off'>,
  signals: readonly StopSignal[],
): OnStopSignal {
  return (listener) => {
    for (const signal of signals) process.on(signal, listener)
    return () => {
      for (const signal of signals) process.off(signal, listener)
    }
  }
}

/** The signals that ask us to stop, for whom they are meant: a command while it runs, us otherwise. */
export interface StopSignals {
  /** Aborted when one was meant for us. */
  readonly stopped: AbortSignal
  /** Where a command that runs gets them from. */
  readonly ofCommand: SignalSource
  /**
   * The exit code of `work`, or a signal's, once all that the work had open is closed. Another signal, a moment
   * after the first, ends the process at once.
   */
  untilStopped<Code extends number | void>(
    work: Promise<Code>,
    close: () => Promise<void>,
  ): Promise<Code | number>
}

/** One Ctrl-C can arrive twice, from the terminal and from a parent that forwards it. */
const SAME_SIGNAL_MS = 100
/** How long work that a signal cut short has to clean up behind itself, on a machine that is busy. */
const CLEANUP_MS = 5000

/** @param cleanupMs after which work that does not end is left to itself. */
export function createStopSignals(
  onStopSignal: OnStopSignal,
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
      const stopListening = onStopSignal((signal) =>
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
        return 128 + constants.signals[first]
      } finally {
        stopListening()
      }
    },
  }
}
