import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { Command } from '../measure/run-timed.ts'
import type { AdapterTask } from './adapter-task.ts'

const ORB = join(import.meta.dirname, '../../../orbs/taskvault/orb.yml')

interface Orb {
  readonly commands: Readonly<Record<string, { readonly steps: readonly Step[] }>>
}

interface Step {
  readonly run?: { readonly command: string }
}

/** The two steps of the orb's command `run_task`, each started as CircleCI starts a step. */
export function circleciCommand({ project, cli, task, input, output, line }: AdapterTask): Command {
  const orb = parse(readFileSync(ORB, 'utf8'), { version: '1.1' }) as Orb
  const scripts = ['install', 'run_task'].map((name) => {
    const script = join(project, '..', `circleci-${name}.sh`)
    writeFileSync(script, scriptOf(orb, name))
    return script
  })
  const env = {
    BASH_ENV: join(project, '..', 'circleci-bash.env'),
    PARAM_CLI: cli,
    PARAM_CACHE_DIR: '.taskvault/cache',
    PARAM_IS_DEFAULT_BRANCH: 'true',
    PARAM_TASK: task,
    PARAM_INPUTS: `${input}\n`,
    PARAM_OUTPUTS: output,
    PARAM_COMMAND: line,
  }
  const steps = ': >"$BASH_ENV"; bash -eo pipefail "$0" && exec bash -eo pipefail "$1"'
  return { file: 'sh', args: ['-c', steps, ...scripts], cwd: project, env }
}

/** What CircleCI runs: `\<<` of the packed form is `<<`. */
function scriptOf({ commands }: Orb, name: string): string {
  const script = commands[name]?.steps.find(({ run }) => run !== undefined)?.run?.command
  if (script === undefined) throw new Error(`${ORB} has no script in ${name}`)
  return script.replaceAll(String.raw`\<<`, '<<')
}
