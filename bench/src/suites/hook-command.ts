import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from '../measure/run-timed.ts'
import type { AdapterTask } from './adapter-task.ts'
import { outputOf } from './bench.ts'

/** Makes the project a repository whose pre-commit hook runs the task. */
export function installHook({ project, cli, task, input, output, line }: AdapterTask): void {
  const declared = { command: line, inputs: [input], outputs: [output], hooks: ['pre-commit'] }
  const configuration = join(project, '.taskvault', 'config.yaml')
  writeFileSync(configuration, JSON.stringify({ tasks: { [task]: declared } }))
  writeFileSync(join(project, '.gitignore'), `/.taskvault/\n/${output}\n`)
  outputOf('git', ['init', '--quiet'], project)
  outputOf('git', ['add', '.'], project)
  outputOf(cli, ['hooks', 'install'], project)
}

/** The hook as git starts it. */
export function hookCommand({ project, cli }: AdapterTask): Command {
  const hook = join(project, '.git', 'hooks', 'pre-commit')
  const path = [join(cli, '..'), process.env['PATH']].join(':')
  return { file: hook, args: [], cwd: project, env: { PATH: path } }
}
