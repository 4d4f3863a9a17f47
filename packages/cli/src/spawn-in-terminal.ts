import { fstatSync, readFileSync, statSync } from 'node:fs'
import { constants, devNull, platform } from 'node:os'
import { isatty } from 'node:tty'
import type { IPty } from '@lydell/node-pty'
import { executableOf, findExecutable, sendSignal } from '@taskvault/core'
import type { CommandEnd, CommandProcess, SpawnCommand, SpawnRequest } from '@taskvault/core'
import type { Host } from './host.ts'

/** A stream of the process, with what only terminals and files have. */
interface StreamParts {
  readonly fd?: number
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
  readonly isRaw?: boolean
  setRawMode?(isRaw: boolean): unknown
}

const STDIN = 0
const CTRL_C = 0x03
const CTRL_Z = 0x1a
const CTRL_BACKSLASH = 0x1c
const STOP_NOTICE_MS = 100

/**
 * Starts commands in a terminal of their own that is a window onto ours, so that they behave as if
 * we were not there: colours, progress bars, questions. Undefined when the command would not have
 * had a terminal to itself, or when terminals cannot be made here. Nor on Windows: what can be read from a
 * terminal there is a picture of the screen, line breaks and all, and not what the command has printed.
 */
export async function findTerminalSpawn(host: Host): Promise<SpawnCommand | undefined> {
  if (platform() === 'win32') return undefined
  if (!isOneTerminal(host.stdout, host.stderr) || !isForeground()) return undefined
  const input = inputKind()
  if (input === undefined) return undefined
  const pty = await import('@lydell/node-pty').catch(() => undefined)
  if (pty === undefined) return undefined
  return async (request) => {
    const { file, args } = withInput(request, input)
    const terminal = pty.spawn(file, [...args], {
      ...sizeOf(host.stdout),
      cwd: request.directory,
      env: { ...request.env },
      // Bytes, whatever they mean.
      encoding: null,
    })
    return connect(terminal, { request, host, input })
  }
}

interface Connection {
  readonly request: SpawnRequest
  readonly host: Host
  readonly input: 'terminal' | 'nothing'
}

function connect(terminal: IPty, { request, host, input }: Connection): CommandProcess {
  let isClosed = false
  terminal.onData((piece) => {
    if (isClosed) return
    // The declared type is that of the default encoding.
    const taken = request.onOutput('terminal', piece as unknown as Uint8Array)
    if (taken === undefined) return
    terminal.pause()
    void taken.finally(() => terminal.resume())
  })
  const keyboard = input === 'terminal' ? passKeyboard(terminal, host) : undefined
  const resize = (): void => {
    const { cols, rows } = sizeOf(host.stdout)
    terminal.resize(cols, rows)
  }
  host.stdout.on('resize', resize)

  const ended = new Promise<CommandEnd>((resolve) => {
    terminal.onExit(({ exitCode, signal }) => {
      host.stdout.off('resize', resize)
      keyboard?.stop()
      resolve(
        signal === undefined || signal === 0 ? { kind: 'exited', exitCode } : signalled(signal),
      )
    })
  })
  return {
    ended,
    get wasInterrupted() {
      return keyboard?.wasInterrupted ?? false
    },
    sendSignal: (signal) => sendSignal(terminal.pid, signal, 'group'),
    closeOutput() {
      isClosed = true
      sendSignal(terminal.pid, 'SIGHUP', 'group')
    },
  }
}

interface Keyboard {
  stop(): void
  readonly wasInterrupted: boolean
}

/** Hands every key to the command's terminal, which makes signals of Ctrl-C and its like. */
function passKeyboard(terminal: IPty, host: Host): Keyboard {
  const stdin = host.stdin
  const parts: StreamParts = stdin
  const wasRaw = parts.isRaw === true
  let wasInterrupted = false
  const pass = (keys: Buffer): void => {
    if (keys.includes(CTRL_C) || keys.includes(CTRL_BACKSLASH)) wasInterrupted = true
    // The declared type is that of the default encoding.
    terminal.write(keys as unknown as string)
    // There is no shell in that terminal that could wake a command which Ctrl-Z has stopped.
    if (keys.includes(CTRL_Z))
      setTimeout(() => sendSignal(terminal.pid, 'SIGCONT', 'group'), STOP_NOTICE_MS)
  }
  parts.setRawMode?.(true)
  stdin.on('data', pass)
  stdin.resume()
  return {
    stop() {
      stdin.off('data', pass)
      stdin.pause()
      parts.setRawMode?.(wasRaw)
    },
    get wasInterrupted() {
      return wasInterrupted
    },
  }
}

/** The command as the terminal starts it: a missing one is noticed here, and no input stays none. */
function withInput(
  request: SpawnRequest,
  input: 'terminal' | 'nothing',
): { file: string; args: readonly string[] } {
  const { file, args } = executableOf(request.command, platform())
  const executable = findExecutable(file, request)
  if (input === 'terminal') return { file: executable, args }
  return { file: '/bin/sh', args: ['-c', 'exec "$0" "$@" </dev/null', executable, ...args] }
}

/** Whether a person, or nobody, is there to answer. */
export function isAttended(host: Host): boolean {
  return host.stdout.isTTY === true || host.stderr.isTTY === true || isatty(STDIN)
}

/**
 * What standard input is, as far as a command in a terminal can be given it. The stream itself is not
 * touched before it is needed: Node would make a pipe non-blocking, for the command as well.
 */
function inputKind(): 'terminal' | 'nothing' | undefined {
  if (isatty(STDIN)) return 'terminal'
  return fstatSync(STDIN).rdev === statSync(devNull).rdev ? 'nothing' : undefined
}

function isOneTerminal(stdout: StreamParts, stderr: StreamParts): boolean {
  if (stdout.isTTY !== true || stderr.isTTY !== true) return false
  if (stdout.fd === undefined || stderr.fd === undefined) return false
  return fstatSync(stdout.fd).rdev === fstatSync(stderr.fd).rdev
}

/**
 * Whether the terminal's keys are for us. A job in the background that changes the terminal's mode is
 * stopped by the system. Where that cannot be known, it is taken for granted.
 */
function isForeground(): boolean {
  let line: string
  try {
    line = readFileSync('/proc/self/stat', 'utf8')
  } catch {
    return true
  }
  // After the name, which may hold anything: state, parent, group, session, terminal, its foreground group.
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ')
  return fields[2] === fields[5]
}

function sizeOf(stdout: StreamParts): { cols: number; rows: number } {
  return { cols: stdout.columns ?? 80, rows: stdout.rows ?? 24 }
}

function signalled(number: number): CommandEnd {
  const names = Object.keys(constants.signals) as NodeJS.Signals[]
  const signal = names.find((name) => constants.signals[name] === number)
  return signal === undefined
    ? { kind: 'exited', exitCode: 128 + number }
    : { kind: 'signalled', signal }
}
