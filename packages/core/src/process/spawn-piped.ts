import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process'
import type { Readable } from 'node:stream'
import { asTaskVaultError, systemErrorCode, type TaskVaultError } from '../errors.ts'
import { executableOf, showCommand } from './command-line.ts'
import type { CommandEnd, CommandProcess, SpawnCommand, SpawnRequest } from './command-process.ts'
import { commandNotFound } from './find-executable.ts'
import { followOutput, type OutputFollower } from './follow-output.ts'
import { isKnownToWindows } from './known-to-windows.ts'
import { closePipes, closeWriteEnds, openPipes } from './open-pipe.ts'
import { hasProcessGroups, sendSignal } from './send-signal.ts'

/** Starts a command with this process's standard input, and with pipes for its output. */
export const spawnPiped: SpawnCommand = async (request) => {
  const { child, stdout, stderr } = await start(request)
  const outputs = [
    followOutput(stdout, (bytes) => request.onOutput('stdout', bytes)),
    followOutput(stderr, (bytes) => request.onOutput('stderr', bytes)),
  ]
  const ended = waitForEnd(child, outputs)
  await waitForStart(child, request)
  return {
    ended,
    wasInterrupted: false,
    sendSignal(signal) {
      if (child.pid === undefined) return
      sendSignal(child.pid, signal, request.sharesTerminal ? 'process' : 'group')
    },
    closeOutput: () => outputs.forEach((output) => output.close()),
  } satisfies CommandProcess
}

interface StartedChild {
  readonly child: ChildProcess
  readonly stdout: Readable
  readonly stderr: Readable
}

async function start(request: SpawnRequest): Promise<StartedChild> {
  const startChild = await findSpawn(request)
  const [stdout, stderr] = openPipes(2) ?? []
  if (stdout === undefined || stderr === undefined) {
    const child = startChild(['inherit', 'pipe', 'pipe'])
    // Where no more files can be opened there are none, and an error says so in a moment.
    if (!child.stdout || !child.stderr) await waitForStart(child, request)
    return { child, stdout: child.stdout as Readable, stderr: child.stderr as Readable }
  }
  try {
    const child = startChild(['inherit', stdout.writeEnd, stderr.writeEnd])
    closeWriteEnds([stdout, stderr])
    return { child, stdout: stdout.reader, stderr: stderr.reader }
  } catch (error) {
    closePipes([stdout, stderr])
    throw error
  }
}

/** What starts the command, given where its streams lead. */
async function findSpawn(
  request: SpawnRequest,
): Promise<(stdio: SpawnOptions['stdio']) => ChildProcess> {
  const { file, args, isVerbatim } = executableOf(request.command, process.platform)
  // On Windows most tools are `.cmd` scripts, which the system does not start by itself.
  const needsHelp = process.platform === 'win32' && !isVerbatim
  if (needsHelp && !isKnownToWindows(file, request)) throw commandNotFound(file, request.directory)
  const spawnChild = needsHelp ? (await import('cross-spawn')).default : spawn
  return (stdio) => {
    try {
      return spawnChild(file, [...args], {
        cwd: request.directory,
        env: { ...request.env },
        stdio,
        detached: hasProcessGroups && !request.sharesTerminal,
        windowsVerbatimArguments: isVerbatim,
        windowsHide: true,
      })
    } catch (error) {
      throw startFailure(error, request)
    }
  }
}

function waitForStart(child: ChildProcess, request: SpawnRequest): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve)
    // Also reports a signal that could not be sent, which sendSignal has seen by itself.
    child.on('error', (error) => reject(startFailure(error, request)))
  })
}

async function waitForEnd(
  child: ChildProcess,
  outputs: readonly OutputFollower[],
): Promise<CommandEnd> {
  const end = await new Promise<CommandEnd>((resolve) => {
    child.once('exit', (exitCode, signal) => {
      resolve(
        signal === null
          ? { kind: 'exited', exitCode: exitCode ?? 0 }
          : { kind: 'signalled', signal },
      )
    })
    child.once('spawn', () => {
      // How cross-spawn tells, in place of the end, that the shell of Windows ended with 1 for a word that is
      // no file: here a command of its own, which failed.
      child.once('error', () => resolve({ kind: 'exited', exitCode: 1 }))
    })
  })
  await Promise.all(outputs.map((output) => output.finish()))
  return end
}

function startFailure(error: unknown, { command, directory }: SpawnRequest): TaskVaultError {
  if (!['ENOENT', 'ENOTDIR'].includes(systemErrorCode(error) ?? ''))
    return asTaskVaultError(error, `run ${showCommand(command)}`)
  return commandNotFound(executableOf(command, process.platform).file, directory, error)
}
