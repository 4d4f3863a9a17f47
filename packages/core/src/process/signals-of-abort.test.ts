import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { runCommand } from './run-command.ts'
import type { CommandResult } from './run-command.ts'
import { signalsOfAbort } from './signals-of-abort.ts'
import { spawnPiped } from './spawn-piped.ts'

const isWindows = process.platform === 'win32'

test.skipIf(isWindows)('a command that is aborted may end as it likes', async () => {
  const result = await runAborted(`process.on('SIGTERM', () => process.exit(7))`)

  expect(result).toMatchObject({ end: { kind: 'exited', exitCode: 7 }, wasInterrupted: true })
})

test.skipIf(isWindows)('one that does not end is killed after the grace', async () => {
  const result = await runAborted(`process.on('SIGTERM', () => {})`, { graceMs: 50 })

  expect(result).toMatchObject({ end: { kind: 'signalled', signal: 'SIGKILL' } })
})

test('one that was aborted while it started does not run on', async () => {
  const result = await runAborted('', { isLate: true })

  expect([result.end.kind, result.wasInterrupted]).toEqual(['signalled', true])
})

interface Given {
  readonly graceMs?: number
  /** Aborts before there is a process to end. */
  readonly isLate?: boolean
}

/** Runs a program until it is aborted, as soon as it says that it runs. */
async function runAborted(
  program: string,
  { graceMs, isLate }: Given = {},
): Promise<CommandResult> {
  const abort = new AbortController()
  if (isLate === true) abort.abort()
  const quiet = new Writable({ write: (_chunk, _encoding, done) => done() })
  return await runCommand({
    command: [
      process.execPath,
      '-e',
      `${program}; setInterval(() => {}, 1000); console.log('runs')`,
    ],
    directory: process.cwd(),
    env: process.env,
    sharesTerminal: false,
    spawn: spawnPiped,
    output: { stdout: quiet, stderr: quiet },
    signals: signalsOfAbort(abort.signal, graceMs),
    record: () => abort.abort(),
  })
}
