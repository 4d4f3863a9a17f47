import type { RunRequest } from '@taskvault/core'
import type { Cli } from '../cli.ts'
import { exitCodeOfSignal } from '../exit-codes.ts'

/** Signals, for whom they are meant: the command while it runs, us otherwise. */
export interface Stopping {
  readonly signals: RunRequest['signals']
  /** Settles when a signal comes while no command runs that it is passed on to. */
  readonly exitCode: Promise<number>
  stopListening(): void
}

export function listenForStops(cli: Cli): Stopping {
  let running: ((signal: NodeJS.Signals) => void) | undefined
  let stop: (exitCode: number) => void
  const exitCode = new Promise<number>((resolve) => {
    stop = resolve
  })
  const stopListening = cli.host.onStopSignal((signal) => {
    if (running === undefined) stop(exitCodeOfSignal(signal))
    else running(signal)
  })
  return {
    signals: (listener) => {
      running = listener
      return {
        [Symbol.dispose]: () => {
          running = undefined
        },
      }
    },
    exitCode,
    stopListening,
  }
}
