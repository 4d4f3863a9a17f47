import { spawn } from 'node:child_process'
import path from 'node:path'
import process from 'node:process'
import { text } from 'node:stream/consumers'
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
export async function runJob(job: unknown, surroundings: JobSurroundings): Promise<AdapterResult> {
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
  const child = spawn(program, [...options, '-c', scriptOf(job)], {
    cwd: project,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
  })
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status) => resolve(status ?? -1))
  })
  const [exitCode, out, error] = await Promise.all([ended, text(child.stdout), text(child.stderr)])
  return { exitCode, output: out + error }
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
    const written = typeof value === 'string' ? value : JSON.stringify(value)
    return [name, expand === true ? expandText(written, inherited) : written] as const
  })
  return Object.fromEntries(entries)
}

/** `$NAME` and `${NAME}`, as GitLab expands them; what is not set becomes nothing. */
function expandText(unexpanded: string, env: Readonly<Record<string, string>>): string {
  return unexpanded.replaceAll(/\$(?:\{(\w+)\}|(\w+))/g, (_, braced?: string, bare?: string) => {
    return env[braced ?? bare ?? ''] ?? ''
  })
}
