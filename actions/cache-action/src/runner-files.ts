import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Environment } from './runner.ts'

/** Files through which a command speaks to the runner, by the variables that name them. */
const FILES: Readonly<Record<string, string>> = {
  GITHUB_OUTPUT: 'output',
  GITHUB_ENV: 'env',
  GITHUB_PATH: 'path',
  GITHUB_STEP_SUMMARY: 'summary',
}

export interface RunnerFiles extends Disposable {
  /** Where they lie, relative to the project: an output like others, so that a hit brings them back. */
  readonly output: string
  /** For the command: the variables name these files in the place of the runner's own. */
  readonly env: Environment
  /** Appends what is in them to the files that `env` names. */
  passOn(env: Environment): void
}

/** Makes files of the command's own, in a directory that is gone in the end. */
export function openRunnerFiles(
  env: Environment,
  { projectRoot, task }: { readonly projectRoot: string; readonly task: string },
): RunnerFiles {
  // The same each time, as names of outputs count; another one for each task that runs beside this.
  const digest = createHash('sha256').update(task).digest('hex').slice(0, 16)
  const output = `.taskvault-step-${digest}`
  const directory = path.join(projectRoot, output)
  const remove = (): void => rmSync(directory, { recursive: true, force: true })
  remove()
  mkdirSync(directory)
  const variables = Object.entries(FILES).map(([variable, name]) => {
    const file = path.join(directory, name)
    writeFileSync(file, '')
    return [variable, file] as const
  })
  return {
    output,
    env: { ...env, ...Object.fromEntries(variables) },
    passOn(target) {
      for (const [variable, file] of variables) {
        const place = target[variable]
        if (place && existsSync(file)) appendFileSync(place, readFileSync(file))
      }
    },
    [Symbol.dispose]: remove,
  }
}
