import process from 'node:process'
import type { Readable } from 'node:stream'
import type { StopSignal } from '@taskvault/core'
import { onSignalsOf } from '@taskvault/core/stop-signals'
import { EXIT } from './exit-codes.ts'
import type { Host } from './host.ts'
import { isFed } from './is-fed.ts'
import { isJournal } from './is-journal.ts'
import { memoryOf } from './launch.ts'
import type { Launch } from './launch.ts'
import { main } from './main.ts'

const STDIN = 0
const STDOUT = 1
// Windows has no SIGQUIT, and refuses a listener for it.
const STOP_SIGNALS: readonly StopSignal[] =
  process.platform === 'win32'
    ? ['SIGHUP', 'SIGINT', 'SIGTERM']
    : ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM']

/**
 * Runs the command line of this process, and ends it.
 * @param stdin what standard input holds, for who has read it already.
 */
export async function start(launch: Launch = {}, stdin?: Readable): Promise<void> {
  watchOutput()
  const exitCode = await main(process.argv.slice(2), createHost(launch, stdin))
  // Not left to run out: after a signal, the work that it cut short may still be waiting for something.
  process.stdout.write('', () => {
    const isLost = tellLostOutput()
    // A command of `run` that was stopped because of it has a status of its own.
    process.exit(isLost && exitCode === EXIT.ok ? EXIT.io : exitCode)
  })
}

/** Says so when a full disk kept what was printed, as of `taskvault cache ls > list`. */
function tellLostOutput(): boolean {
  const error = process.stdout.errored
  if (error === null || ('code' in error && error.code === 'EPIPE')) return false
  process.stderr.write(`error: Could not write to standard output: ${error.message}\n`)
  return true
}

function watchOutput(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // Whoever else listens knows what to do: `run` has a command to end before us.
      if (stream.listenerCount('error') > 1) return
      // Who read our output has seen enough, as `taskvault cache ls | head` does.
      if (error.code === 'EPIPE') process.exit(0)
      throw error
    })
  }
}

function createHost(launch: Launch, stdin: Readable | undefined): Host {
  return {
    env: process.env,
    configMemory: memoryOf(launch),
    limitMemory: launch.limitMemory,
    launcher: { node: process.execPath, script: process.argv[1] ?? '' },
    // Read when asked for: the first fails in a directory that was deleted, the second opens the stream.
    get cwd() {
      return process.cwd()
    },
    get stdin() {
      return stdin ?? process.stdin
    },
    get isFed() {
      return stdin !== undefined || isFed(STDIN)
    },
    stdout: process.stdout,
    stderr: process.stderr,
    get isJournalled() {
      return isJournal(STDOUT, process.env['JOURNAL_STREAM'])
    },
    now: Date.now,
    endsProcess: true,
    onStopSignal: onSignalsOf(process, STOP_SIGNALS),
  }
}
