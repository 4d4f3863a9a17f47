import type { LogStream } from '../model/recorded-log.ts'
import type { Command } from './command-line.ts'

/** How a command ended. */
export type CommandEnd =
  | { readonly kind: 'exited'; readonly exitCode: number }
  | { readonly kind: 'signalled'; readonly signal: NodeJS.Signals }

export interface SpawnRequest {
  readonly command: Command
  /** Absolute; where the command runs. */
  readonly directory: string
  readonly env: Readonly<Record<string, string | undefined>>
  /**
   * Whether the command stays in the process group that a terminal signals. Otherwise it leads a
   * group of its own, where that exists, and a signal reaches everything it started.
   */
  readonly sharesTerminal: boolean
  /**
   * Takes output in the order in which it was read. While a promise that it returned is pending, no
   * more of that stream is read, so that a slow reader slows the command instead of filling memory.
   */
  onOutput(stream: LogStream, bytes: Uint8Array): Promise<void> | undefined
}

/**
 * A running command.
 * - `ended` settles after the last output was handed over, and never rejects.
 * - Something that the command left running in the background does not keep `ended` from settling.
 */
export interface CommandProcess {
  readonly ended: Promise<CommandEnd>
  /** Whether the person at the terminal typed Ctrl-C or Ctrl-\. */
  readonly wasInterrupted: boolean
  /** Does nothing when the command is gone. */
  sendSignal(signal: NodeJS.Signals): void
  /** Stops reading: the command learns by a broken pipe that nobody listens any more. */
  closeOutput(): void
}

/**
 * Starts a command: over pipes (`spawnPiped`), or by a terminal of its own, which the caller brings.
 * @throws {TaskVaultError} COMMAND_NOT_FOUND when there is no such command; PERMISSION_DENIED when it
 * may not be run; IO_FAILED when the system refuses for another reason.
 */
export type SpawnCommand = (request: SpawnRequest) => Promise<CommandProcess>
