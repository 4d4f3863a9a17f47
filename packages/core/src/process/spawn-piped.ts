import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process'
import type { Readable } from 'node:stream'

import { asTaskVaultError, systemErrorCode, type TaskVaultError } from '../errors.ts'
import { executableOf, showCommand } from './command-line.ts'
import type { CommandEnd, CommandProcess, SpawnCommand, SpawnRequest } from './command-process.ts'
import { commandNotFound } from './find-executable.ts'
import { followOutput, type OutputFollower } from './follow-output.ts'
import { hasProcessGroups, sendSignal } from './send-signal.ts'

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
    sendSignal(signal) {
      if (child.pid !== undefined) sendSignal(child.pid, signal, request.sharesTerminal ? 'process' : 'group')
    },
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

function startFailure(error: unknown, { command, directory }: SpawnRequest): TaskVaultError {
  if (systemErrorCode(error) !== 'ENOENT') return asTaskVaultError(error, `run ${showCommand(command)}`)
  return commandNotFound(executableOf(command, process.platform).file, directory, error)
}
