import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import process from 'node:process'

export interface NodeProcessOptions {
  /** Absolute path of the program; see `bundleWorker`. */
  readonly worker: string
  readonly argument: unknown
  readonly cwd: string
}

/** Starts a worker, with a channel for messages; its failures go to our own stderr. */
export function startNode({ worker, argument, cwd }: NodeProcessOptions): ChildProcess {
  const env = { PATH: process.env['PATH'] ?? '', HOME: cwd, UV_USE_IO_URING: '0' }
  return spawn(process.execPath, [worker, JSON.stringify(argument)], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
}
