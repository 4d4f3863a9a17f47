import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Command } from '../measure/run-timed.ts'

/** A server that runs while others are measured against it. */
export interface Background {
  readonly pid: number
  /** What it has written to its standard output so far. */
  output(): string
  stop(): void
}

const PATIENCE_MS = 20_000

/**
 * Starts a process and waits until it has said that it is ready, on standard output, which goes to
 * `log`. Throws when it does not.
 */
export function startBackground(
  command: Command,
  { log, isReady }: { readonly log: string; readonly isReady: (output: string) => boolean },
): Background {
  mkdirSync(dirname(log), { recursive: true })
  const out = openSync(log, 'w')
  const errors = openSync(`${log}.err`, 'w')
  const child = spawn(command.file, command.args, {
    cwd: command.cwd,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: command.cwd,
      TMPDIR: command.cwd,
      ...command.env,
    },
    stdio: ['ignore', out, errors],
    // A group of its own, so that what it starts in turn ends with it.
    detached: true,
  })
  for (const file of [out, errors]) closeSync(file)
  const stop = (): void => {
    process.off('exit', stop)
    killGroup(child.pid)
  }
  process.on('exit', stop)
  const output = (): string => readFileSync(log, 'utf8')
  const endMs = performance.now() + PATIENCE_MS
  while (!isReady(output())) {
    if (performance.now() > endMs) {
      stop()
      const said = readFileSync(`${log}.err`, 'utf8').trim().slice(-1000)
      throw new Error(`\`${command.file}\` did not become ready: ${said}`)
    }
    pause(50)
  }
  return { pid: child.pid ?? 0, output, stop }
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended already.
  }
}

/** Rows are measured one after the other, without anything going on in between. */
function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}
