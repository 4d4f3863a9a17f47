import type { LogStream } from '../model/recorded-log.ts'
import type { CommandEnd, CommandProcess, SpawnCommand, SpawnRequest } from './command-process.ts'
import { openSinkWriter, type OutputSinks } from './output-sinks.ts'
import { forwardSignals, type SignalSource } from './signals.ts'

export interface CommandRun extends Omit<SpawnRequest, 'onOutput'> {
  readonly spawn: SpawnCommand
  readonly output: OutputSinks
  /** Undefined: signals are not our business. */
  readonly signals: SignalSource | undefined
  /** Sees all output, unaltered. */
  record(stream: LogStream, bytes: Uint8Array): void
}

export interface CommandResult {
  readonly end: CommandEnd
  readonly durationMs: number
  /** A signal came in or was typed while it ran, whatever the command made of it. */
  readonly wasInterrupted: boolean
  /** The stream on which the command left a line unfinished, if the last one was. */
  readonly openLine: LogStream | undefined
  /** Whether all that the command printed found its reader. */
  readonly isOutputWhole: boolean
}

/**
 * Runs a command, shows what it prints as it comes, and passes signals on to it.
 * @throws {TaskVaultError} what `spawn` throws, when the command does not start.
 */
export async function runCommand(run: CommandRun): Promise<CommandResult> {
  const startedAt = performance.now()
  let command: CommandProcess | undefined
  using writer = openSinkWriter(run.output, () => command?.closeOutput())

  command = await run.spawn({
    ...run,
    onOutput(stream, bytes) {
      run.record(stream, bytes)
      return writer.write(stream, bytes)
    },
  })
  using signals = forwardSignals(command, {
    ...run,
    source: run.signals,
    now: () => performance.now(),
  })
  const end = await command.ended

  return {
    end,
    durationMs: performance.now() - startedAt,
    wasInterrupted: signals.wasInterrupted || command.wasInterrupted,
    openLine: writer.openLine,
    isOutputWhole: !writer.isBroken,
  }
}
