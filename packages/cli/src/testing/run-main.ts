import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable, Writable } from 'node:stream'
import type { StopSignal } from '@taskvault/core'
import { onTestFinished } from 'vitest'
import type { Host } from '../host.ts'
import { main } from '../main.ts'

/** What a command line run gave back. */
export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface Surroundings {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string | Uint8Array
  readonly isTerminal?: boolean
  readonly now?: () => number
}

const LAUNCHER = path.resolve(import.meta.dirname, '../../bin/taskvault.js')

/** A host in memory: what is written to it can be read, and signals are sent by calling it. */
export interface TestHost extends Host {
  written(stream: 'stdout' | 'stderr'): string
  send(signal: StopSignal): void
}

/** Runs one command line in this process, with nothing of this process's surroundings. */
export async function runMain(argv: readonly string[], surroundings: Surroundings): Promise<Ran> {
  const host = createTestHost(surroundings)
  const code = await main(argv, host)
  return { code, stdout: host.written('stdout'), stderr: host.written('stderr') }
}

export function createTestHost({
  cwd,
  env = {},
  stdin = '',
  isTerminal = false,
  now = Date.now,
}: Surroundings): TestHost {
  const stdout = createSink(isTerminal)
  const stderr = createSink(isTerminal)
  const listeners = new Set<(signal: StopSignal) => void>()
  return {
    cwd,
    env: { HOME: cwd, ...env },
    launcher: { node: process.execPath, script: LAUNCHER },
    stdin: Readable.from(stdin.length === 0 ? [] : [Buffer.from(stdin)]),
    isFed: true,
    stdout: stdout.stream,
    stderr: stderr.stream,
    now,
    onStopSignal: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    written: (stream) => (stream === 'stdout' ? stdout : stderr).text(),
    send: (signal) => {
      for (const listener of listeners) listener(signal)
    },
  }
}

function createSink(isTTY: boolean): { stream: Host['stdout']; text: () => string } {
  const chunks: Buffer[] = []
  const stream = new Writable({
    write: (chunk: Buffer | string, _encoding, done) => {
      chunks.push(Buffer.from(chunk))
      done()
    },
  })
  return {
    stream: Object.assign(stream, { isTTY, columns: 100 }),
    text: () => Buffer.concat(chunks).toString(),
  }
}

/** A directory with these files, removed after the test. */
export function createProject(files: Readonly<Record<string, string | Uint8Array>> = {}): string {
  const root = mkdtempSync(path.join(tmpdir(), 'taskvault-cli-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(root, ...name.split('/'))
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, content)
  }
  return root
}
