import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startsAfterJob } from '../../../test/adapters/github/post-condition.ts'
import type { Command } from '../measure/run-timed.ts'
import type { AdapterTask } from './adapter-task.ts'

const DIST = join(import.meta.dirname, '../../../actions/cache-action/dist')
const RUNNER_FILES = ['GITHUB_OUTPUT', 'GITHUB_STATE', 'GITHUB_ENV', 'GITHUB_PATH']

/** What a runner of GitHub starts for the step: the action, and after the job, by `post-if` in action.yml, its second half. */
export function actionCommand({ project, task, input, output, line }: AdapterTask): Command {
  if (!existsSync(DIST)) throw new Error('The action is not built. Run `pnpm build` first.')
  const temporary = join(project, '..', 'action-temp')
  mkdirSync(temporary, { recursive: true })
  const files = RUNNER_FILES.map((name) => [name, join(temporary, name)] as const)
  for (const [, file] of files) writeFileSync(file, '')
  const env = {
    CI: 'true',
    GITHUB_ACTIONS: 'true',
    GITHUB_WORKSPACE: project,
    GITHUB_REF: 'refs/heads/main',
    GITHUB_REF_NAME: 'main',
    GITHUB_EVENT_NAME: 'push',
    RUNNER_TEMP: temporary,
    RUNNER_TOOL_CACHE: temporary,
    ...Object.fromEntries(files),
    INPUT_TASK: task,
    INPUT_INPUTS: input,
    INPUT_PATH: output,
    INPUT_RUN: line,
  }
  const entries = ['main', 'post'].map((name) => join(DIST, `${name}.mjs`))
  return { file: 'sh', args: ['-c', PROCESSES, process.execPath, ...entries], cwd: project, env }
}

/** What the action may set to `true` for the end of the job. */
const FLAGS = ['TASKVAULT_SAVE_ALWAYS', 'TASKVAULT_SAVES_LATER', 'TASKVAULT_SAVED_ALREADY']

/** `post-if` is evaluated beforehand, for all that may be set: a runner does that within itself, in no time. */
const PROCESSES = `"$0" "$1" && vars=$(cat "$GITHUB_ENV") || exit
  found=; for flag in ${FLAGS.join(' ')}; do case $vars in *$flag*) found="$found $flag" ;; esac; done
  case $found in ${listWithoutEnd().join('|')}) ;; *) exec "$0" "$2" ;; esac`

/** Words of the shell for what is set when nothing is started after the job. */
function listWithoutEnd(): readonly string[] {
  const subsets = FLAGS.reduce<readonly (readonly string[])[]>(
    (found, flag) => [...found, ...found.map((set) => [...set, flag])],
    [[]],
  )
  return subsets
    .filter((set) => !startsAfterJob({ env: allTrue(set), hasFailed: false }))
    .map((set) => `"${set.map((flag) => ` ${flag}`).join('')}"`)
}

function allTrue(names: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(names.map((name) => [name, 'true']))
}
