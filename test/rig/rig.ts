import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { buffer } from 'node:stream/consumers'

/** How a process ended, and all that it wrote. */
export interface Finished {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  /** Added to the rig's own few variables. */
  readonly env?: Readonly<Record<string, string>>
  /** Relative to the project; the project itself when absent. */
  readonly directory?: string
  /** Written to standard input, which is empty otherwise. */
  readonly input?: string | Uint8Array
}

/** A process that was started and may still run. */
export interface Running {
  readonly pid: number
  readonly child: ChildProcess
  readonly finished: Promise<Finished>
}

/**
 * A project in a temporary directory, with the built `taskvault` first on PATH. Processes see none
 * of this machine's settings. Disposing kills what still runs and removes the directory.
 */
export interface Rig extends AsyncDisposable {
  /** Absolute; empty but for the files that the rig was opened with. */
  readonly project: string
  /** Absolute path of a file of the project. */
  resolve(relativePath: string): string
  write(relativePath: string, content: string | Uint8Array): void
  read(relativePath: string): string
  remove(relativePath: string): void
  has(relativePath: string): boolean
  /** Makes a command that processes of this rig find first on PATH. */
  addCommand(name: string, shellScript: string): void
  start(command: readonly string[], options?: RunOptions): Running
  run(command: readonly string[], options?: RunOptions): Promise<Finished>
  taskvault(words: readonly string[], options?: RunOptions): Promise<Finished>
}

const LAUNCHER = path.resolve(import.meta.dirname, '../../packages/cli/bin/taskvault.js')

/** Opens a rig whose project has `files`: contents by relative path. */
export function openRig(files: Readonly<Record<string, string>> = {}): Rig {
  const root = mkdtempSync(path.join(os.tmpdir(), 'taskvault-rig-'))
  const project = path.join(root, 'project')
  const bin = path.join(root, 'bin')
  for (const directory of [project, bin, path.join(root, 'home')]) mkdirSync(directory)
  const running = new Set<Running>()

  const rig: Rig = {
    project,
    resolve: (relativePath) => path.join(project, relativePath),
    write: (relativePath, content) => {
      const target = path.join(project, relativePath)
      mkdirSync(path.dirname(target), { recursive: true })
      writeFileSync(target, content)
    },
    read: (relativePath) => readFileSync(path.join(project, relativePath), 'utf8'),
    remove: (relativePath) =>
      rmSync(path.join(project, relativePath), { recursive: true, force: true }),
    has: (relativePath) => existsSync(path.join(project, relativePath)),
    addCommand: (name, shellScript) => writeCommand(path.join(bin, name), shellScript),
    start: (command, options = {}) => {
      const started = startProcess(command, {
        cwd: path.join(project, options.directory ?? '.'),
        env: { ...scrubbedEnvironment(root), ...options.env },
        input: options.input,
      })
      running.add(started)
      void started.finished.finally(() => running.delete(started))
      return started
    },
    run: (command, options) => rig.start(command, options).finished,
    taskvault: (words, options) => rig.run(['taskvault', ...words], options),
    [Symbol.asyncDispose]: async () => {
      const left = [...running]
      for (const each of left) killWithChildren(each)
      await Promise.allSettled(left.map((each) => each.finished))
      rmSync(root, { recursive: true, force: true, maxRetries: 5 })
    },
  }

  rig.addCommand('taskvault', `exec "${process.execPath}" "${LAUNCHER}" "$@"`)
  for (const [relativePath, content] of Object.entries(files)) rig.write(relativePath, content)
  return rig
}

function writeCommand(absolutePath: string, shellScript: string): void {
  writeFileSync(absolutePath, `#!/bin/sh\n${shellScript}\n`)
  chmodSync(absolutePath, 0o755)
}

/** What a process needs to start at all: nothing in it steers TaskVault, CI detection or git. */
function scrubbedEnvironment(root: string): Record<string, string> {
  const nodeDirectory = path.dirname(process.execPath)
  return {
    PATH: [path.join(root, 'bin'), nodeDirectory, '/usr/local/bin', '/usr/bin', '/bin'].join(
      path.delimiter,
    ),
    HOME: path.join(root, 'home'),
    TMPDIR: os.tmpdir(),
    LANG: 'C.UTF-8',
  }
}

interface ProcessSurroundings {
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly input: string | Uint8Array | undefined
}

function startProcess(
  [program = '', ...words]: readonly string[],
  given: ProcessSurroundings,
): Running {
  const { cwd, env, input } = given
  // A process group of its own, so that what it started can be killed with it.
  const child = spawn(program, words, { cwd, env, detached: true, stdio: 'pipe' })
  // A process that does not read its input closes it; that is no failure of the test.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  return { pid: child.pid ?? 0, child, finished: waitUntilFinished(child) }
}

async function waitUntilFinished(child: ReturnType<typeof spawn>): Promise<Finished> {
  const { stdout, stderr } = child
  if (stdout === null || stderr === null) throw new Error('The streams of a child must be pipes')
  const ended = new Promise<Pick<Finished, 'exitCode' | 'signal'>>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (exitCode, signal) => resolve({ exitCode, signal }))
  })
  const [end, out, error] = await Promise.all([ended, buffer(stdout), buffer(stderr)])
  return { ...end, stdout: out.toString(), stderr: error.toString() }
}

function killWithChildren({ pid, child }: Running): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // The group is gone already, or the platform has none.
    child.kill('SIGKILL')
  }
}
