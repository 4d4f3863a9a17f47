import { GIT_HOOKS } from '../model/task.ts'
import type { GitHook } from '../model/task.ts'
import type { ExamineOptions } from './examine-hook-script.ts'
import { INSTALL_AGAIN } from './hook-findings.ts'
import type { HookFinding } from './hook-findings.ts'
import type { HookPlaces, HooksView } from './hooks-view.ts'

/** Whether one of our hooks is installed, in whatever state. */
export function isOurs(view: HooksView, hook: GitHook): boolean {
  const { configured, directory, takenOver } = view
  return (
    configured[hook] !== undefined ||
    isOurFile(directory.places, hook) ||
    isOurFile(takenOver, hook)
  )
}

/** What concerns all hooks of a repository together. */
export function examineRepository(
  view: HooksView,
  { hasTasks }: ExamineOptions,
): readonly HookFinding[] {
  const turnedOff = findTurnedOff(view)
  const findings = [
    turnedOff,
    findUnseen(view, turnedOff),
    findUnreached(view),
    hasTasks ? undefined : NO_TASK,
  ]
  return findings.filter((finding) => finding !== undefined)
}

const NO_TASK: HookFinding = {
  kind: 'no-task',
  isSerious: false,
  hook: undefined,
  message: 'no task of the project runs in a hook',
  hint: 'Add `hooks: [pre-commit]` to a task in .taskvault/config.yaml.',
}

function findTurnedOff({ directory, configured }: HooksView): HookFinding | undefined {
  const { audience, hooksPath } = directory
  if (audience !== 'nobody' || hooksPath === undefined) return undefined
  return {
    kind: 'turned-off',
    // Those that the configuration names run all the same.
    isSerious: GIT_HOOKS.every((hook) => configured[hook] === undefined),
    hook: undefined,
    message: `hook files are turned off: core.hooksPath is "${hooksPath.value}" (${hooksPath.origin})`,
    hint: `Run \`git config --${hooksPath.scope} --unset core.hooksPath\`.`,
  }
}

/** Why git sees no hook of ours, or not all, unless what turns all hooks off has told it. */
function findUnseen(view: HooksView, turnedOff: HookFinding | undefined): HookFinding | undefined {
  const shadowed = findShadowed(view)
  if (shadowed === undefined) return findAbsent(view)
  return turnedOff?.isSerious === true ? undefined : shadowed
}

function findShadowed({ directory, passedOver }: HooksView): HookFinding | undefined {
  const { hooksPath, manager, absolutePath } = directory
  const isElsewhere = passedOver.some((places) => GIT_HOOKS.some((hook) => isOurFile(places, hook)))
  if (!isElsewhere) return undefined
  const because =
    hooksPath === undefined
      ? 'and core.hooksPath is not set'
      : `because core.hooksPath is ${hooksPath.value} (${hooksPath.origin})`
  return {
    kind: 'shadowed',
    isSerious: true,
    hook: undefined,
    message: `our hooks are not in ${absolutePath}, where git looks, ${because}`,
    hint: manager?.advice(GIT_HOOKS) ?? `Unset core.hooksPath, or: ${INSTALL_AGAIN}`,
  }
}

function findAbsent(view: HooksView): HookFinding | undefined {
  const missing = GIT_HOOKS.filter((hook) => !isOurs(view, hook))
  if (missing.length === 0) return undefined
  if (missing.length < GIT_HOOKS.length) {
    return {
      kind: 'partly-installed',
      isSerious: false,
      hook: undefined,
      message: `not installed: ${missing.join(', ')}`,
      hint: 'Run `taskvault hooks install` for all three, unless this is intended.',
    }
  }
  return {
    kind: 'not-installed',
    isSerious: true,
    hook: undefined,
    message: 'no hook of TaskVault is installed here',
    hint: view.directory.manager?.advice(GIT_HOOKS) ?? 'Run `taskvault hooks install`.',
  }
}

function findUnreached({ directory, unreachedWorkTrees }: HooksView): HookFinding | undefined {
  const usesFiles = GIT_HOOKS.some((hook) => isOurFile(directory.places, hook))
  if (!usesFiles || unreachedWorkTrees.length === 0) return undefined
  return {
    kind: 'not-reached',
    isSerious: true,
    hook: undefined,
    message: `core.hooksPath is relative, and leads to nothing in ${unreachedWorkTrees.join(', ')}`,
    hint: 'Make it absolute, or unset it and run `taskvault hooks install` again, so that work trees share the hooks.',
  }
}

function isOurFile(places: HookPlaces, hook: GitHook): boolean {
  return places[hook].file.kind === 'ours'
}
