import type { CommandProcess } from './command-process.ts'
import { hasProcessGroups } from './send-signal.ts'

/** Subscribes to the signals that this process receives. Dispose the result to remove the listener. */
export type SignalSource = (listener: (signal: NodeJS.Signals) => void) => Disposable

export interface SignalForwarding extends Disposable {
  /** Whether any signal has come in: the command's work is not to be trusted then. */
  readonly wasInterrupted: boolean
}

export interface ForwardingOptions {
  readonly source: SignalSource | undefined
  /** Whether the terminal sends Ctrl-C and Ctrl-\ to the command itself. */
  readonly sharesTerminal: boolean
  /** Milliseconds on any scale. */
  now(): number
}

/**
 * One Ctrl-C can arrive twice, from the terminal and from a parent that forwards it. Nobody presses
 * it twice as fast as this.
 */
const SAME_INTERRUPT_MS = 100

/** Passes the signals that we receive to the command. A second Ctrl-C kills it. */
export function forwardSignals(
  command: CommandProcess,
  options: ForwardingOptions,
): SignalForwarding {
  let wasInterrupted = false
  let interruptedAt: number | undefined

  const subscription = options.source?.((signal) => {
    wasInterrupted = true
    if (signal === 'SIGINT') {
      const before = interruptedAt
      interruptedAt = options.now()
      if (before !== undefined && interruptedAt - before < SAME_INTERRUPT_MS) return
      if (before !== undefined) return command.sendSignal('SIGKILL')
    }
    const isFromTerminal = signal === 'SIGINT' || signal === 'SIGQUIT'
    if (isFromTerminal && options.sharesTerminal) return
    // Windows tells every process of a console itself; what we could send ends the command at once.
    if (!hasProcessGroups && signal !== 'SIGKILL') return
    command.sendSignal(signal)
  })
  return {
    get wasInterrupted() {
      return wasInterrupted
    },
    [Symbol.dispose]() {
      subscription?.[Symbol.dispose]()
    },
  }
}
