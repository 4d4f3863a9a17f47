import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { showCommand } from '@taskvault/core'
import type { Command, Notes } from '@taskvault/core'
import type { Environment } from './runner.ts'

/** The variables that name the files through which a command speaks to the runner. */
const VARIABLES = ['GITHUB_OUTPUT', 'GITHUB_ENV', 'GITHUB_PATH', 'GITHUB_STEP_SUMMARY']

export interface RunnerFiles extends Disposable {
  /** For the command: the variables name files of its own in the place of the runner's. */
  readonly env: Environment
  /** What the command has written to them so far. */
  read(): Notes
}

/** Makes files of the command's own, in a directory that is gone in the end. */
export function openRunnerFiles(env: Environment): RunnerFiles {
  const directory = mkdtempSync(path.join(env['RUNNER_TEMP'] || '/tmp', 'taskvault-step-'))
  const files = VARIABLES.map((variable) => [variable, path.join(directory, variable)] as const)
  for (const [, file] of files) writeFileSync(file, '')
  return {
    env: { ...env, ...Object.fromEntries(files) },
    read: () => new Map(files.map(([variable, file]) => [variable, readIfThere(file)])),
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  }
}

/** Whether a command says itself that it writes to one of the files; what it starts may do so, too. */
export function namesRunnerFile(command: Command): boolean {
  const text = showCommand(command)
  return VARIABLES.some((variable) => text.includes(variable))
}

/** Appends to the runner's files what a command has written, now or when it was recorded. */
export function passOn(notes: Notes, env: Environment): void {
  // No name but these is a file of the runner's, whoever wrote the entry.
  for (const variable of VARIABLES) {
    const [file, bytes] = [env[variable], notes.get(variable)]
    if (!file || bytes === undefined || bytes.length === 0) continue
    // A last line without an end would run into what is written there next.
    appendFileSync(file, bytes.at(-1) === 0x0a ? bytes : Buffer.concat([bytes, Buffer.from('\n')]))
  }
}

/** A command may have removed its file. */
function readIfThere(file: string): Uint8Array {
  try {
    return readFileSync(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return new Uint8Array()
  }
}
