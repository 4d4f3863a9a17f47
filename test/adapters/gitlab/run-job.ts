import { spawnSync } from 'node:child_process'
import path from 'node:path'
import process from 'node:process'
import type { AdapterResult } from '../describe-cases.ts'
import { asMap } from './component.ts'

export interface JobSurroundings {
  /** The shell and its options, as the runner calls it: `['sh', '-e']`. */
  readonly shell: readonly string[]
  readonly project: string
  readonly environment: Readonly<Record<string, string>>
}

/**
 * Runs a job as a runner does: its variables are set, those that may be expanded expanded, and
 * `before_script` and `script` are one script for one shell, which ends at the first line that fails.
 */
export function runJob(job: unknown, surroundings: JobSurroundings): AdapterResult {
  const { shell, project } = surroundings
  const [program = 'sh', ...options] = shell
  const inherited = {
    PATH: [path.dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(':'),
    HOME: project,
    LANG: 'C.UTF-8',
    CI_PROJECT_DIR: project,
    ...surroundings.environment,
  }
  const environment = { ...inherited, ...readVariables(job, inherited) }
  const ran = spawnSync(program, [...options, '-c', scriptOf(job)], {
    cwd: project,
    env: environment,
    encoding: 'utf8',
    timeout: 60_000,
  })
  return { exitCode: ran.status ?? -1, output: `${ran.stdout}${ran.stderr}` }
}

/** The lines of a job, as one text. */
export function scriptOf(job: unknown): string {
  const { before_script: before = [], script = [] } = asMap(job)
  return [before, script].flat().join('\n')
}

function readVariables(
  job: unknown,
  inherited: Readonly<Record<string, string>>,
): Record<string, string> {
  const { variables = {} } = asMap(job)
  const entries = Object.entries(asMap(variables)).map(([name, given]) => {
    const { value, expand = true } = typeof given === 'object' ? asMap(given) : { value: given }
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    return [name, expand === true ? expandText(text, inherited) : text] as const
  })
  return Object.fromEntries(entries)
}

/** `$NAME` and `${NAME}`, as GitLab expands them; what is not set becomes nothing. */
function expandText(text: string, env: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$(?:\{(\w+)\}|(\w+))/g, (_, braced?: string, bare?: string) => {
    return env[braced ?? bare ?? ''] ?? ''
  })
}
