import type { LogStream } from '../model/recorded-log.ts'
import type { Command } from './command-line.ts'

/** How a command ended. */
export type CommandEnd =
  | { readonly kind: 'exited'; readonly exitCode: number }
  | { readonly kind: 'signalled'; readonly signal: NodeJS.Signals }

export interface SpawnRequest {
  readonly command: Command
  /** The command's working directory; absolute. */
  readonly directory: string
  readonly env: Readonly<Record<string, string | undefined>>
  /**
   * Whether the command stays in the process group that a terminal signals. Otherwise it leads its own group, where
   * groups exist, and a signal reaches everything it started.
   */
  readonly sharesTerminal: boolean
  /**
   * Receives output in the order in which it was read. While a promise that it returned is pending, that stream is not
   * read further, so a slow reader slows the command down instead of filling memory.
   */
  onOutput(stream: LogStream, bytes: Uint8Array): Promise<void> | undefined
}

/**
 * A running command.
 * - `ended` settles after the last output was delivered, and never rejects.
 * - `ended` does not wait for anything that the command left running in the background.
 */
export interface CommandProcess {
  readonly ended: Promise<CommandEnd>
  /** Whether the person at the terminal typed Ctrl-C or Ctrl-\. */
  readonly wasInterrupted: boolean
  /** Does nothing if the command has ended. */
  sendSignal(signal: NodeJS.Signals): void
  /** Stops reading: the command gets a broken pipe. */
  closeOutput(): void
}

/**
 * Starts a command: over pipes (`spawnPiped`), or in its own terminal, which the caller provides.
 * @throws {TaskVaultError} COMMAND_NOT_FOUND when there is no such command; PERMISSION_DENIED when it may not be run;
 * IO_FAILED when the system refuses for another reason.
 */
export type SpawnCommand = (request: SpawnRequest) => Promise<CommandProcess>
