import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import type { Command } from '../measure/run-timed.ts'
import type { AdapterTask } from './adapter-task.ts'

const COMPONENT = join(import.meta.dirname, '../../../gitlab-templates/templates/run/template.yml')

interface Job {
  readonly before_script: readonly string[]
  readonly script: readonly string[]
}

/** The job of the component `run`, as a runner starts it: one script for one shell. */
export function gitlabCommand(
  given: AdapterTask,
  [shell = 'sh', ...options]: readonly string[],
): Command {
  const { project, cli, task, input, output, line } = given
  const [, body] = parseAllDocuments(readFileSync(COMPONENT, 'utf8'))
  const [job] = Object.values(body?.toJS() as Record<string, Job>)
  if (job === undefined) throw new Error(`${COMPONENT} has no job`)
  const script = join(project, '..', `gitlab-${shell}.sh`)
  writeFileSync(script, [...job.before_script, ...job.script].join('\n'))
  const env = {
    CI_PROJECT_DIR: project,
    TASKVAULT_JOB_CLI: cli,
    TASKVAULT_JOB_TASK: task,
    TASKVAULT_JOB_INPUTS: `${input}\n`,
    TASKVAULT_JOB_OUTPUTS: output,
    TASKVAULT_JOB_COMMAND: line,
  }
  return { file: shell, args: [...options, script], cwd: project, env }
}
