import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Sample } from './row.ts'

/** A whole process to be timed, from fork to exit. */
export interface Command {
  readonly file: string
  readonly args: readonly string[]
  readonly cwd: string
  /** Added to the scrubbed environment. */
  readonly env?: Readonly<Record<string, string>>
}

export interface Timer {
  /** A directory of its own for temporary files and a home without anybody's settings. */
  readonly scratch: string
}

/**
 * Runs a command under GNU time: wall by our own clock, processor time and peak memory of the largest
 * process from the kernel's accounting. `time` stands between us and the command because the kernel
 * lets a process start with the peak memory of the one it was forked from, and ours is large.
 * Throws when the command fails, with what it said.
 */
export function runTimed(command: Command, timer: Timer): Sample {
  const figures = join(timer.scratch, 'time.txt')
  const before = process.hrtime.bigint()
  const done = spawnSync(
    'time',
    ['-q', '-o', figures, '-f', '%U %S %M', command.file, ...command.args],
    {
      cwd: command.cwd,
      env: { ...scrubbedEnvironment(timer), ...command.env },
      stdio: ['ignore', 'ignore', 'pipe'],
      maxBuffer: 64 * 1024 * 1024,
    },
  )
  const wallMs = Number(process.hrtime.bigint() - before) / 1e6
  if (done.error !== undefined) throw done.error
  if (done.status !== 0) {
    const line = [command.file, ...command.args].join(' ')
    const said = done.stderr.toString().trim().slice(-2000)
    throw new Error(`\`${line}\` ended with ${done.status ?? done.signal}: ${said}`)
  }
  const [user = 0, system = 0, rssKiB = 0] = lastLine(figures).split(' ').map(Number)
  return { wallMs, cpuMs: (user + system) * 1000, rssBytes: rssKiB * 1024 }
}

/** A pipeline of shell commands; it fails when any part of it does. */
export function shell(line: string, cwd: string): Command {
  return { file: 'bash', args: ['-o', 'pipefail', '-c', line], cwd }
}

/** The environment of every run: nothing of the caller's but where programs are. */
function scrubbedEnvironment(timer: Timer): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: timer.scratch,
    TMPDIR: timer.scratch,
    LANG: 'C.UTF-8',
  }
}

function lastLine(file: string): string {
  return readFileSync(file, 'utf8').trim().split('\n').at(-1) ?? ''
}
