import process from 'node:process'
import { EXIT } from './exit-codes.ts'
import type { StopSignal } from './exit-codes.ts'
import type { Host } from './host.ts'
import { main } from './main.ts'

/*
 * The only file that touches the process. bin/taskvault.js starts it, with the compile cache on.
 */

// Windows has no SIGQUIT, and refuses a listener for it.
const STOP_SIGNALS: readonly StopSignal[] =
  process.platform === 'win32'
    ? ['SIGHUP', 'SIGINT', 'SIGTERM']
    : ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM']

const host: Host = {
  env: process.env,
  launcher: { node: process.execPath, script: process.argv[1] ?? '' },
  // Read when asked for: the first fails in a directory that was deleted, the second opens the stream.
  get cwd() {
    return process.cwd()
  },
  get stdin() {
    return process.stdin
  },
  stdout: process.stdout,
  stderr: process.stderr,
  now: Date.now,
  endsProcess: true,
  onStopSignal: (listener) => {
    for (const signal of STOP_SIGNALS) process.on(signal, listener)
    return () => {
      for (const signal of STOP_SIGNALS) process.off(signal, listener)
    }
  },
}

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // Whoever else listens knows what to do: `run` has a command to end before us.
    if (stream.listenerCount('error') > 1) return
    // Who read our output has seen enough, as `taskvault cache ls | head` does.
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
}

void runToEnd()

async function runToEnd(): Promise<void> {
  const exitCode = await main(process.argv.slice(2), host)
  // Not left to run out: after a signal, the work that it cut short may still be waiting for something.
  process.stdout.write('', () => process.exit(isOutputLost(exitCode) ? EXIT.io : exitCode))
}

/** Whether a full disk kept what was printed, as of `taskvault cache ls > list`. */
function isOutputLost(exitCode: number): boolean {
  const error = process.stdout.errored
  if (exitCode !== EXIT.ok || error === null || ('code' in error && error.code === 'EPIPE'))
    return false
  process.stderr.write(`error: Could not write to standard output: ${error.message}\n`)
  return true
}
