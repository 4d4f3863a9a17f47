import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process'
import type { Readable } from 'node:stream'

import { asTaskVaultError, systemErrorCode, TaskVaultError } from '../errors.ts'
import { executableOf, showCommand } from './command-line.ts'
import type { CommandEnd, CommandProcess, SpawnCommand, SpawnRequest } from './command-process.ts'
import { followOutput, type OutputFollower } from './follow-output.ts'

const hasProcessGroups = process.platform !== 'win32'

/** Starts a command with our standard input, and pipes for what it prints. */
export const spawnPiped: SpawnCommand = async (request) => {
  const child = await start(request)
  const outputs = [
    followOutput(child.stdout, (bytes) => request.onOutput('stdout', bytes)),
    followOutput(child.stderr, (bytes) => request.onOutput('stderr', bytes)),
  ]
  const ended = waitForEnd(child, outputs)
  await waitForStart(child, request)
  return {
    ended,
    wasInterrupted: false,
    sendSignal: (signal) => sendSignal(child, signal, request),
    closeOutput: () => outputs.forEach((output) => output.close()),
  } satisfies CommandProcess
}

type PipedChild = ChildProcess & { readonly stdout: Readable; readonly stderr: Readable }

async function start(request: SpawnRequest): Promise<PipedChild> {
  const { file, args, isVerbatim } = executableOf(request.command, process.platform)
  const options: SpawnOptions = {
    cwd: request.directory,
    env: { ...request.env },
    stdio: ['inherit', 'pipe', 'pipe'],
    detached: hasProcessGroups && !request.sharesTerminal,
    windowsVerbatimArguments: isVerbatim,
    windowsHide: true,
  }
  // On Windows most tools are `.cmd` scripts, which the system does not start by itself.
  const needsHelp = process.platform === 'win32' && !isVerbatim
  const startChild = needsHelp ? (await import('cross-spawn')).default : spawn
  try {
    return startChild(file, [...args], options) as PipedChild
  } catch (error) {
    throw startFailure(error, request)
  }
}

function waitForStart(child: ChildProcess, request: SpawnRequest): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve)
    // Also reports a signal that could not be sent, which sendSignal has seen by itself.
    child.on('error', (error) => reject(startFailure(error, request)))
  })
}

async function waitForEnd(child: ChildProcess, outputs: readonly OutputFollower[]): Promise<CommandEnd> {
  const end = await new Promise<CommandEnd>((resolve) => {
    child.once('exit', (exitCode, signal) => {
      resolve(signal === null ? { kind: 'exited', exitCode: exitCode ?? 0 } : { kind: 'signalled', signal })
    })
  })
  await Promise.all(outputs.map((output) => output.finish()))
  return end
}

function sendSignal(child: ChildProcess, signal: NodeJS.Signals, request: SpawnRequest): void {
  const { pid } = child
  if (pid === undefined) return
  try {
    process.kill(hasProcessGroups && !request.sharesTerminal ? -pid : pid, signal)
  } catch (error) {
    if (systemErrorCode(error) !== 'ESRCH') throw error
  }
}

function startFailure(error: unknown, { command, directory }: SpawnRequest): TaskVaultError {
  if (systemErrorCode(error) !== 'ENOENT') return asTaskVaultError(error, `run ${showCommand(command)}`)
  const { file } = executableOf(command, process.platform)
  return new TaskVaultError('COMMAND_NOT_FOUND', `Command not found: ${file}`, {
    hint: `Check its spelling, and that it is installed and on the PATH. It was to run in ${directory}.`,
    cause: error,
  })
}
