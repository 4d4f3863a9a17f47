import { resolveHookPolicy, resolvePolicy } from '../model/policy.ts'
import type { HookMode, HookPolicy, PolicyTable, ResolvedPolicy } from '../model/policy.ts'
import { parseTaskName } from '../model/task.ts'
import type { GitHook, TaskDefinition, TaskName } from '../model/task.ts'

/** A task that a hook is about to see to, and what holds for it. */
export interface PlannedTask {
  readonly task: TaskName
  readonly mode: HookMode
  readonly policy: ResolvedPolicy
  readonly hookPolicy: HookPolicy
}

export interface HookOccasion {
  readonly hook: GitHook
  /** The branch that is committed to, or pushed to; undefined when there is none. */
  readonly branch: string | undefined
  readonly platform: string | undefined
}

/** What of the settings decides which tasks a hook runs. */
export interface HookSettings extends PolicyTable {
  readonly tasks: Readonly<Record<string, TaskDefinition>>
}

/** The tasks of a hook in the order of the configuration, those that a policy turns off included. */
export function planTasks(settings: HookSettings, occasion: HookOccasion): PlannedTask[] {
  const { hook, branch, platform } = occasion
  return Object.entries(settings.tasks)
    .filter(([, definition]) => isOf(definition, hook))
    .map(([name]) => {
      const subject = { task: name, branch, platform }
      const hookPolicy = resolveHookPolicy(settings, subject)
      const mode = hookPolicy.modes[hook]
      return {
        task: parseTaskName(name),
        mode,
        policy: resolvePolicy(settings, subject),
        hookPolicy,
      }
    })
}

/** A merge that git commits by itself runs no pre-commit: what is tested before commits is tested here. */
function isOf({ hooks = [] }: TaskDefinition, hook: GitHook): boolean {
  return hooks.includes(hook) || (hook === 'pre-merge-commit' && hooks.includes('pre-commit'))
}
