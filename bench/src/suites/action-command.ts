import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
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
  const processes = `"$0" "$1" && case $(cat "$GITHUB_ENV") in
    *TASKVAULT_SAVES_LATER*) exec "$0" "$2" ;;
    *TASKVAULT_SAVED_ALREADY*) ;;
    *) exec "$0" "$2" ;;
  esac`
  const entries = ['main', 'post'].map((name) => join(DIST, `${name}.mjs`))
  return { file: 'sh', args: ['-c', processes, process.execPath, ...entries], cwd: project, env }
}
