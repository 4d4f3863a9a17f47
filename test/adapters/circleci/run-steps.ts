import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { text } from 'node:stream/consumers'
import type { AdapterResult } from '../describe-cases.ts'
import type { PlainStep } from './expand-steps.ts'
import type { KeptCaches } from './kept-caches.ts'

export interface Machine {
  /** The checked-out project, where steps run; absolute. */
  readonly project: string
  /** Variables of the job. */
  readonly environment: Readonly<Record<string, string>>
  /** What CircleCI's own cache keeps from job to job; absent: nothing. */
  readonly caches?: KeptCaches
}

/** Runs the steps of a job as CircleCI does; those that are no `run` also leave a line that they were there. */
export async function runSteps(
  steps: readonly PlainStep[],
  machine: Machine,
): Promise<AdapterResult> {
  const directory = mkdtempSync(path.join(tmpdir(), 'taskvault-circleci-'))
  const bashEnv = path.join(directory, 'bash.env')
  writeFileSync(bashEnv, '')
  try {
    let [exitCode, output] = [0, '']
    for (const { kind, fields } of steps) {
      if (kind !== 'run') {
        output += `[${kind}]\n`
        if (!isDue(fields['when'], exitCode)) continue
        const problem = machine.caches?.play({ kind, fields }, machine.project)
        output += problem === undefined ? '' : `${problem}\n`
        if (problem !== undefined && exitCode === 0) exitCode = 1
        continue
      }
      if (!isDue(fields['when'], exitCode)) continue
      const ended = await runStep(fields, { ...machine, directory, bashEnv })
      output += ended.output
      if (exitCode === 0) ({ exitCode } = ended)
    }
    return { exitCode, output }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Once a step has failed, only those run that say so. */
function isDue(when: unknown, exitCode: number): boolean {
  if (when === 'always') return true
  return (when === 'on_fail') === (exitCode !== 0)
}

interface StepPlace extends Machine {
  readonly directory: string
  readonly bashEnv: string
}

async function runStep(
  fields: PlainStep['fields'],
  { project, environment, directory, bashEnv }: StepPlace,
): Promise<AdapterResult> {
  const script = path.join(directory, 'step.sh')
  writeFileSync(script, String(fields['command']))
  const own = (fields['environment'] ?? {}) as Readonly<Record<string, unknown>>
  const child = spawn('bash', ['-eo', 'pipefail', script], {
    cwd: project,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: directory,
      TMPDIR: directory,
      ...environment,
      BASH_ENV: bashEnv,
      ...Object.fromEntries(Object.entries(own).map(([name, value]) => [name, String(value)])),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
  })
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status) => resolve(status ?? 1))
  })
  const [exitCode, out, error] = await Promise.all([ended, text(child.stdout), text(child.stderr)])
  if (!existsSync(bashEnv)) throw new Error('a step removed BASH_ENV')
  return { exitCode, output: out + error }
}
