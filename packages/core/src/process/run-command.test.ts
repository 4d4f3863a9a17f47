import { spawnSync } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { LogStream } from '../model/recorded-log.ts'
import { exitCodeOf } from './exit-code.ts'
import { runCommand, type CommandResult } from './run-command.ts'
import { spawnPiped } from './spawn-piped.ts'

describe('a command', () => {
  test('shows its output on the streams it was written to, and ends with its status', async () => {
    const run = await runNode(`console.log('out'); console.error('err'); process.exitCode = 7`)

    expect(run).toMatchObject({
      end: { kind: 'exited', exitCode: 7 },
      stdout: 'out\n',
      stderr: 'err\n',
    })
  })

  test('gives a line of text to the shell', async () => {
    const run = await runIt({
      command: 'echo "$GREETING" | tr a-z A-Z; exit 3',
      env: { GREETING: 'hello' },
    })

    expect(run).toMatchObject({ end: { kind: 'exited', exitCode: 3 }, stdout: 'HELLO\n' })
  })

  test('takes words as they are, without a shell', async () => {
    const run = await runIt({ command: [process.execPath, '-p', 'process.argv[1]', '$HOME; *'] })

    expect(run.stdout).toBe('$HOME; *\n')
  })

  test('runs in the directory that it is told', async () => {
    const directory = temporaryDirectory()

    const run = await runIt({ command: 'pwd -P', directory })

    expect(run.stdout).toBe(`${directory}\n`)
  })

  test.skipIf(process.platform === 'win32')(
    'that cannot be started for want of open files is a failure with a code',
    () => {
      const module = path.join(import.meta.dirname, 'spawn-piped.ts')
      const program = `
        import { openSync, writeFileSync } from 'node:fs'
        import { spawnPiped } from ${JSON.stringify(module)}
        try { for (;;) openSync('/dev/null') } catch {}
        await spawnPiped({ command: ['true'], directory: '/', env: {}, sharesTerminal: false })
          .catch((error) => writeFileSync(1, error.code ?? error.stack))`
      const limited = ['-c', 'ulimit -n 100; exec "$0" --input-type=module -e "$1"']

      const { stdout } = spawnSync('sh', [...limited, process.execPath, program], {
        encoding: 'utf8',
      })

      expect(stdout).toBe('TOO_MANY_OPEN_FILES')
    },
  )

  test('that does not exist is a failure with a code, not an exit status', async () => {
    await expect(runIt({ command: ['no-such-command-anywhere'] })).rejects.toMatchObject({
      code: 'COMMAND_NOT_FOUND',
    })
  })

  test.each(['no-such-directory', 'a-file'])('in %s says that this is missing', async (name) => {
    const directory = path.join(temporaryDirectory(), name)
    if (name === 'a-file') writeFileSync(directory, '')

    await expect(runIt({ command: 'true', directory })).rejects.toMatchObject({
      code: 'COMMAND_NOT_FOUND',
      message: expect.stringContaining(`no directory ${directory}`),
    })
  })

  test('that may not be executed says so', async () => {
    await expect(runIt({ command: [tmpdir()] })).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    })
  })

  test('is recorded as it was printed', async () => {
    // Each piece only when the one before it has come: what comes at once has no order.
    const run = await runNode(
      `
      const { writeSync } = require('node:fs')
      process.on('SIGTERM', () => writeSync(2, 'b')).on('SIGHUP', () => { writeSync(1, 'c'); process.exit() })
      setInterval(() => {}, 1000)
      writeSync(1, 'a')
    `,
      { whenPrinted: { a: (send) => send('SIGTERM'), b: (send) => send('SIGHUP') } },
    )

    expect(run.recorded).toEqual(['stdout a', 'stderr b', 'stdout c'])
  })

  test('finds its outputs by name, as it would without us', async () => {
    const run = await runIt({ command: 'echo one > /dev/stdout; echo two | tee /dev/stderr' })

    expect(run).toMatchObject({ stdout: 'one\ntwo\n', stderr: 'two\n' })
  })

  test('that leaves a background process behind does not keep us waiting for it', async () => {
    const run = await runIt({ command: 'sleep 60 & echo $!' })
    onTestFinished(() => void process.kill(Number(run.stdout)))

    expect(run.end).toEqual({ kind: 'exited', exitCode: 0 })
    expect(run.durationMs).toBeLessThan(30_000)
  })

  test('that leaves a chatting background process behind does not keep us waiting for it', async () => {
    const run = await runIt({ command: '(while sleep 0.02; do echo more; done) & echo $!' })

    expect(run.stdout).toMatch(/^\d+\n/)
    expect(run.durationMs).toBeLessThan(30_000)
  })
})

describe('a reader', () => {
  test('that is slow slows the command, and nothing piles up', async () => {
    const pieces = 400
    let piled = 0
    const slow = new Writable({
      highWaterMark: 1024,
      write: (_bytes, _encoding, done) => {
        piled = Math.max(piled, slow.writableLength)
        setImmediate(done)
      },
    })

    const run = await runNode(
      `for (let i = 0; i < ${pieces}; i += 1) require('node:fs').writeSync(1, Buffer.alloc(65536, 'x'))`,
      { stdout: slow },
    )

    expect(run.end).toEqual({ kind: 'exited', exitCode: 0 })
    expect(run.recordedBytes).toBe(pieces * 65536)
    // One piece from the pipe (64 KiB), and what may arrive before the pause takes hold.
    expect(piled).toBeLessThan(4 * 65536)
  })

  test('that goes away ends the command by a broken pipe, as without us', async () => {
    const gone = new Writable({ write: (_bytes, _encoding, done) => done(new Error('EPIPE')) })

    const run = await runIt({ command: ['yes'], stdout: gone })

    expect(run.end).toEqual({ kind: 'signalled', signal: 'SIGPIPE' })
    expect(run.isOutputWhole).toBe(false)
  })
})

describe('a signal', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const)(
    '%s reaches the command',
    async (signal) => {
      const run = await runNode(
        `process.on('${signal}', () => { console.log('got it'); process.exit(5) }); console.log('ready'); setInterval(() => {}, 1000)`,
        { whenPrinted: { ready: (send) => send(signal) } },
      )

      expect(run).toMatchObject({
        end: { kind: 'exited', exitCode: 5 },
        stdout: 'ready\ngot it\n',
        wasInterrupted: true,
      })
    },
  )

  test('that kills the command gives the status that a shell would give', async () => {
    const run = await runNode(`console.log('ready'); setInterval(() => {}, 1000)`, {
      whenPrinted: { ready: (send) => send('SIGTERM') },
    })

    expect(run.end).toEqual({ kind: 'signalled', signal: 'SIGTERM' })
    expect(exitCodeOf(run.end)).toBe(143)
  })

  test('reaches what a shell line has started, too', async () => {
    const run = await runIt({
      command: `trap 'wait; exit 9' TERM; ${process.execPath} -e "process.on('SIGTERM', () => { console.log('inner'); process.exit() }); console.log('ready'); setInterval(() => {}, 1000)"; echo never; exit 1`,
      whenPrinted: { ready: (send) => send('SIGTERM') },
    })

    expect(run.stdout).toContain('inner')
    expect(run.stdout).not.toContain('never')
  })

  test('that is ignored keeps us waiting; a second Ctrl-C kills', async () => {
    const run = await runNode(
      `process.on('SIGTERM', () => console.log('no')); process.on('SIGINT', () => console.log('neither')); console.log('ready'); setInterval(() => {}, 1000)`,
      {
        whenPrinted: {
          ready: (send) => send('SIGTERM'),
          no: (send) => send('SIGINT'),
          neither: (send) => setTimeout(() => send('SIGINT'), 150),
        },
      },
    )

    expect(run.end).toEqual({ kind: 'signalled', signal: 'SIGKILL' })
    expect(run.stdout).toBe('ready\nno\nneither\n')
  })

  test('from a terminal that the command shares is not sent a second time', async () => {
    const run = await runNode(
      `process.on('SIGINT', () => process.exit(1)); process.on('SIGTERM', () => process.exit(2)); console.log('ready'); setInterval(() => {}, 1000)`,
      {
        sharesTerminal: true,
        whenPrinted: {
          ready: (send) => {
            send('SIGINT')
            send('SIGTERM')
          },
        },
      },
    )

    expect(run.end).toEqual({ kind: 'exited', exitCode: 2 })
  })
})

interface Options {
  readonly command?: string | readonly string[]
  readonly env?: Record<string, string>
  readonly directory?: string
  readonly stdout?: Writable
  readonly sharesTerminal?: boolean
  /** What to do when the command prints a text. */
  readonly whenPrinted?: Readonly<Record<string, (send: (signal: NodeJS.Signals) => void) => void>>
}

interface Run extends CommandResult {
  readonly stdout: string
  readonly stderr: string
  readonly recorded: readonly string[]
  readonly recordedBytes: number
}

function runNode(script: string, options: Options = {}): Promise<Run> {
  return runIt({ ...options, command: [process.execPath, '-e', script] })
}

async function runIt(options: Options): Promise<Run> {
  const recorded: string[] = []
  let recordedBytes = 0
  const printed = { stdout: '', stderr: '' }
  const listeners = new Set<(signal: NodeJS.Signals) => void>()
  const send = (signal: NodeJS.Signals): void => listeners.forEach((listener) => listener(signal))
  const waiting = new Map(Object.entries(options.whenPrinted ?? {}))

  const result = await runCommand({
    command: options.command ?? [],
    directory: options.directory ?? process.cwd(),
    env: { ...process.env, ...options.env },
    sharesTerminal: options.sharesTerminal ?? false,
    spawn: spawnPiped,
    output: {
      stdout: options.stdout ?? new PassThrough().resume(),
      stderr: new PassThrough().resume(),
    },
    signals: (listener) => {
      listeners.add(listener)
      return { [Symbol.dispose]: () => void listeners.delete(listener) }
    },
    record(stream: LogStream, bytes) {
      recordedBytes += bytes.length
      if (recordedBytes > 100_000) return
      recorded.push(`${stream} ${Buffer.from(bytes)}`)
      printed[stream === 'stderr' ? 'stderr' : 'stdout'] += String(Buffer.from(bytes))
      for (const [text, react] of waiting) {
        if (!printed.stdout.includes(text) && !printed.stderr.includes(text)) continue
        waiting.delete(text)
        // Later: the command was not yet handed to those who forward signals when this was read.
        setImmediate(() => react(send))
      }
    },
  })
  expect(listeners.size).toBe(0)
  return { ...result, ...printed, recorded, recordedBytes }
}

function temporaryDirectory(): string {
  const directory = realpathSync(mkdtempSync(path.join(tmpdir(), 'taskvault-process-')))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}
