import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from '../measure/run-timed.ts'
import type { AdapterTask } from './adapter-task.ts'

const STEP = join(import.meta.dirname, '../../../jenkins-library/vars/taskvaultCache.groovy')

/** What an agent of Jenkins starts for the step on a hit; the time of Jenkins itself is not in it. */
export function jenkinsCommand({ project, cli, task, input, output, line }: AdapterTask): Command {
  const temporary = `${project}@tmp`
  const script = join(temporary, 'script.sh')
  mkdirSync(temporary, { recursive: true })
  writeFileSync(script, readScript())
  const words = ['restore', task, '--input', input, '--output', output, '--command', line]
  const env = {
    TASKVAULT_CLI: cli,
    TASKVAULT_DIRECTORY: project,
    TASKVAULT_ARGUMENTS: JSON.stringify([...words, '--state', join(temporary, 'state.json')]),
  }
  return { file: 'sh', args: ['-xe', script], cwd: project, env }
}

/** The script for Unix, a constant of the step. */
function readScript(): string {
  const script = /ON_UNIX = '([^'\n]+)'/.exec(readFileSync(STEP, 'utf8'))?.[1]
  if (script === undefined) throw new Error(`${STEP} has no script for Unix`)
  return script
}
