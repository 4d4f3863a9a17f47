import { dirname } from 'node:path'
import { CONFIG_PATH } from '../../config/find-config.ts'
import { findNearestName } from '../../config/nearest-name.ts'
import type { Settings } from '../../config/settings.ts'
import { TaskVaultError } from '../../errors.ts'
import { isThere } from '../../files/is-there.ts'
import { findRepository } from '../../git/find-repository.ts'
import { listNotCheckedOut } from '../../git/list-not-checked-out.ts'
import type { Environment } from '../../git/run-git.ts'
import type { TaskName } from '../../model/task.ts'

/** Says what a task lacks that has no command. */
export function unknownTask(
  task: TaskName,
  { settings, env }: { readonly settings: Settings; readonly env: Environment },
): TaskVaultError {
  const { tasks, configPath } = settings
  if (Object.hasOwn(tasks, task)) {
    return new TaskVaultError('TASK_UNKNOWN', `Task ${task} has no command`, {
      hint: `Give it one after "--", or under tasks.${task}.command in ${configPath ?? 'the configuration'}.`,
    })
  }
  const names = Object.keys(tasks)
  const hasNone = names.length === 0 && configPath === undefined
  return new TaskVaultError('TASK_UNKNOWN', `There is no task ${task}, and no command was given`, {
    hint: hasNone ? hintOfPlace(settings.projectRoot, env) : hintOfNames(task, names),
  })
}

function hintOfNames(task: TaskName, names: readonly string[]): string {
  const nearest = findNearestName(task, names)
  const declared = names.length === 0 ? '' : ` Declared are: ${names.join(', ')}.`
  const suggestion = nearest === undefined ? declared : ` Did you mean ${nearest}?`
  return `Give a command after "--", or declare the task under tasks: in the configuration.${suggestion}`
}

function hintOfPlace(directory: string, env: Environment): string {
  const where =
    hintOfSparse(directory, env) ??
    'No .taskvault/config.yaml that could declare the task was found here or above, up to the root of the repository.'
  return `Give a command after "--". ${where}`
}

/** What to run if the tasks are declared in a file that a sparse checkout leaves out. */
function hintOfSparse(directory: string, env: Environment): string | undefined {
  const place = isThere(directory) ? findRepository(directory) : undefined
  if (place === undefined) return undefined
  const { workTree } = place.repository
  const candidates = prefixesOf(place.prefix).map((prefix) => prefix + CONFIG)
  const missing = listNotCheckedOut(candidates, { workTree, project: workTree, env }).at(-1)
  if (missing === undefined) return undefined
  return `The configuration ${missing} is tracked by git, but not checked out here. Run \`git sparse-checkout add ${dirname(missing)}\` in ${workTree}.`
}

const CONFIG = CONFIG_PATH.replaceAll('\\', '/')

/** `a/b/` as `['', 'a/', 'a/b/']`. */
function prefixesOf(prefix: string): readonly string[] {
  const names = prefix.split('/').slice(0, -1)
  return ['', ...names.map((_, index) => `${names.slice(0, index + 1).join('/')}/`)]
}
