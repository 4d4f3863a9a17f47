import { enableCompileCache } from 'node:module'
import { homedir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import type { StopSignal } from './exit-codes.ts'
import type { Host } from './host.ts'

/*
 * The only file that touches the process. Nothing but types is imported above from our own code, so
 * that the compile cache is on before the first of our modules is loaded.
 *
 * The cache lies in the user's own directory: Node's default is a directory below the shared
 * temporary one, where somebody else may have put compiled code for us to run.
 */
enableCompileCache(
  path.join(
    process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'),
    'taskvault',
    'compiled',
  ),
)

const STOP_SIGNALS: readonly StopSignal[] = ['SIGHUP', 'SIGINT', 'SIGTERM']

const host: Host = {
  env: process.env,
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
  onStopSignal: (listener) => {
    for (const signal of STOP_SIGNALS) process.on(signal, listener)
    return () => {
      for (const signal of STOP_SIGNALS) process.off(signal, listener)
    }
  },
}

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // Who read our output has seen enough, as `taskvault cache ls | head` does.
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
}

const { main } = await import('./main.ts')
const exitCode = await main(process.argv.slice(2), host)
// Not left to run out: after a signal, the work that it cut short may still be waiting for something.
process.stdout.write('', () => process.exit(exitCode))
