import { spawn } from 'node:child_process'
import process from 'node:process'
import { createInterface } from 'node:readline'

/** A process that does not outlive this one, however this one ends. */
export interface TiedProcess {
  readonly pid: number
  /** What it has said so far, for messages; the last 8 KiB. */
  readonly said: () => string
  readonly hasEnded: () => boolean
  /** Sends the signal, and resolves when the process is gone. */
  end(signal: NodeJS.Signals): Promise<void>
}

export interface TiedOptions {
  /** What the process writes to: removed when this one dies without ending it. */
  readonly directory: string
  readonly command: readonly [string, ...string[]]
  readonly uid?: number | undefined
  readonly gid?: number | undefined
  readonly env?: Readonly<Record<string, string>>
}

/*
 * A shell holds the other end of a pipe. When this process dies, even by SIGKILL, the pipe closes, and
 * the shell ends what it started, and clears up. File 3 is where it tells the process's id.
 */
const KEEPER = `
exec 4<&0
"$@" </dev/null 3>&- 4<&- &
child=$!
echo $child >&3
exec 3>&-
(read -r _ <&4; kill -s KILL $child; sleep 1; rm -rf -- "$KEEPER_DIRECTORY") 2>/dev/null &
reader=$!
wait $child
kill $reader
`

const MOST_TEXT = 8_192

export async function startTied({
  command,
  directory,
  uid,
  gid,
  env,
}: TiedOptions): Promise<TiedProcess> {
  const shell = spawn('bash', ['-c', KEEPER, 'keeper', ...command], {
    cwd: '/',
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C.UTF-8', ...env, KEEPER_DIRECTORY: directory },
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  })
  let text = ''
  let hasEnded = false
  const gone = new Promise<void>((resolve) => {
    shell.once('exit', () => {
      hasEnded = true
      resolve()
    })
  })
  for (const stream of [shell.stdout, shell.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text = (text + chunk).slice(-MOST_TEXT)
    })
  }
  const pid = await readPid(shell.stdio[3] as NodeJS.ReadableStream)
  return {
    pid,
    said: () => text,
    hasEnded: () => hasEnded,
    async end(signal) {
      if (!hasEnded) process.kill(pid, signal)
      await gone
    },
  }
}

async function readPid(stream: NodeJS.ReadableStream): Promise<number> {
  for await (const line of createInterface({ input: stream })) return Number(line)
  throw new Error('The process could not be started')
}
