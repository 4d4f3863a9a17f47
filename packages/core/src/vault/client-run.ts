import { Writable } from 'node:stream'
import type { TaskName } from '../model/task.ts'
import type { Command } from '../process/command-line.ts'
import { signalsOfAbort } from '../process/signals-of-abort.ts'
import { spawnPiped } from '../process/spawn-piped.ts'
import { detectPlace } from './detect-place.ts'
import type { RunEvent, RunOutcome, RunVault } from './runs/run-contract.ts'
import { runTask } from './runs/run-task.ts'
import { createRunVault } from './runs/run-vault.ts'
import { createTaskWork } from './runs/task-work.ts'
import type { Vault } from './vault.ts'

export interface ClientRunOptions {
  /** Replaces the configured command: a shell command line, or a program and its arguments. */
  readonly command?: Command
  /** This and the next three lists add to what the configuration declares. */
  readonly inputs?: readonly string[]
  readonly outputs?: readonly string[]
  readonly variables?: readonly string[]
  readonly tools?: readonly string[]
  readonly salt?: string
  /** Receives the command's output, live or replayed. By default, the output is dropped. */
  readonly stdout?: Writable
  readonly stderr?: Writable
  /** Runs the command even if its result is saved. */
  readonly force?: boolean
  /** Saves nothing. */
  readonly readOnly?: boolean
  readonly onEvent?: (event: RunEvent) => void
  /**
   * Ends the run: `run` throws the signal's reason, and nothing is saved. A command that runs gets SIGTERM, with all
   * that it started, and SIGKILL five seconds later; on Windows, it is killed at once.
   */
  readonly signal?: AbortSignal
}

/** What a client was opened with. */
export interface ClientPlace {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/**
 * Runs a task for a program, without a terminal.
 * @throws the signal's reason; and as `runTask` does.
 */
export async function runInVault(
  vault: Vault,
  task: TaskName,
  options: ClientRunOptions & ClientPlace,
): Promise<RunOutcome> {
  const { cwd, env, command, signal, onEvent = () => {} } = options
  signal?.throwIfAborted()
  const { settings } = vault
  const additions = {
    inputs: options.inputs ?? [],
    outputs: options.outputs ?? [],
    env: options.variables ?? [],
    tools: options.tools ?? [],
    salt: options.salt,
    command: command === undefined ? undefined : { line: command, directory: cwd },
  }
  const work = createTaskWork(task, { settings, env, additions })
  const outcome = await runTask(publishingUnless(signal, createRunVault(vault)), {
    ...work,
    ...detectPlace(task, { settings, env }),
    output: { stdout: options.stdout ?? nowhere(), stderr: options.stderr ?? nowhere() },
    isTerminal: false,
    sharesTerminal: false,
    spawn: spawnPiped,
    signals: signal && signalsOfAbort(signal),
    skipsLookup: options.force === true,
    neverSaves: options.readOnly === true ? 'read-only' : undefined,
    onEvent,
    ...(signal !== undefined && { signal }),
  })
  // What is saved was complete before.
  if (outcome.kind === 'hit' || outcome.save.kind !== 'saved') signal?.throwIfAborted()
  return outcome
}

/** A vault that publishes nothing more once the signal is aborted. */
function publishingUnless(signal: AbortSignal | undefined, vault: RunVault): RunVault {
  if (signal === undefined) return vault
  return {
    ...vault,
    save: async (request) =>
      await vault.save({
        ...request,
        mayPublish: async () => {
          const mayPublish = (await request.mayPublish?.()) ?? true
          signal.throwIfAborted()
          return mayPublish
        },
      }),
  }
}

function nowhere(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() })
}
