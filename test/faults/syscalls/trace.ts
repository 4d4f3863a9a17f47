import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { startNode } from '../node-process.ts'
import type { SyscallOutcome, SyscallWorkerOptions } from './worker.ts'

/** What is done to one system call: it fails, or the process is killed as it begins. */
export interface Fault {
  readonly syscall: string
  /** Counted from 1 in each thread. */
  readonly ordinal: number
  readonly effect: string
}

/** One system call of the worker, and whether it was about the files under test. */
export interface TracedCall {
  readonly thread: number
  readonly syscall: string
  readonly text: string
  readonly wasInjected: boolean
}

export interface Traced {
  readonly calls: readonly TracedCall[]
  /** Undefined when the worker was killed. */
  readonly outcome: SyscallOutcome | undefined
  readonly signal: NodeJS.Signals | null
  /** Saves that returned before the end. */
  readonly acknowledged: readonly string[]
}

/** System calls that change files, or that may be refused for want of a descriptor. */
const SYSCALLS: readonly string[] = [
  'write',
  'pwrite64',
  'read',
  'pread64',
  'fsync',
  'fdatasync',
  'rename',
  'openat',
  'mkdir',
  'link',
  'symlink',
  'unlink',
  'unlinkat',
  'rmdir',
  'ftruncate',
  'fchmod',
  'chmod',
  'utimensat',
]

/** Why faults cannot be put into system calls here; undefined when they can. */
export function whyNoTracing(): string | undefined {
  if (process.platform !== 'linux') return 'strace is for Linux'
  const probe = spawnSync('strace', [
    '-qq',
    '-e',
    'trace=none',
    '-e',
    'inject=fsync:error=EIO',
    'true',
  ])
  if (probe.error !== undefined) return 'strace is not installed'
  return probe.status === 0
    ? undefined
    : `strace may not trace here: ${String(probe.stderr).trim()}`
}

export interface TraceOptions {
  /** The program of `syscalls/worker.ts`. */
  readonly worker: string
  readonly operation: SyscallWorkerOptions['operation']
  readonly project: string
  /** For the tracer's log and the worker's outcome. */
  readonly notesDirectory: string
  readonly fault?: Fault
}

/** Runs one operation in a process of its own under the tracer. */
export async function traceOperation(options: TraceOptions): Promise<Traced> {
  const { worker, operation, project, notesDirectory, fault } = options
  const outcomeFile = join(notesDirectory, 'outcome')
  const argument: SyscallWorkerOptions = { project, operation, notesDirectory }
  const child = startNode({ worker, argument, cwd: notesDirectory })
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
  const pid = child.pid ?? 0
  await untilStopped(pid)
  const log = join(notesDirectory, 'trace')
  const inject =
    fault === undefined
      ? []
      : ['-e', `inject=${fault.syscall}:${fault.effect}:when=${fault.ordinal}`]
  const traced = fault === undefined ? SYSCALLS.join(',') : fault.syscall
  const words = [
    '-f',
    '-y',
    '-s',
    '64',
    '-o',
    log,
    '-e',
    `trace=${traced}`,
    ...inject,
    '-p',
    String(pid),
  ]
  const tracer = spawn('strace', words, { stdio: ['ignore', 'ignore', 'pipe'] })
  const tracerEnded = once(tracer, 'exit')
  // It says so when all threads are attached.
  await Promise.race([once(tracer.stderr, 'data'), tracerEnded])
  process.kill(pid, 'SIGCONT')
  const [, signal] = await exited
  await tracerEnded
  // Empty when the fault was to die while it was written.
  const told = existsSync(outcomeFile) ? readFileSync(outcomeFile, 'utf8') : ''
  const outcome = told === '' ? undefined : (JSON.parse(told) as SyscallOutcome)
  const acknowledged = ['small', 'tree'].filter((saved) => existsSync(join(notesDirectory, saved)))
  return { calls: parseTrace(readFileSync(log, 'utf8')), outcome, signal, acknowledged }
}

/** The state in /proc is the first word after the name in parentheses. */
async function untilStopped(pid: number): Promise<void> {
  for (;;) {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const state = stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3)
    if (state === 'T') return
    if (state === 'Z') throw new Error('The worker ended before it could be traced')
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

/** `1234 openat(AT_FDCWD</dir>, "name", …) = -1 EIO (Input/output error) (INJECTED)` */
function parseTrace(log: string): TracedCall[] {
  return [...log.matchAll(/^(\d+) +(\w+)\((.*)$/gm)].map(([, thread, syscall = '', text = '']) => ({
    thread: Number(thread),
    syscall,
    text,
    wasInjected: text.includes('(INJECTED)'),
  }))
}
