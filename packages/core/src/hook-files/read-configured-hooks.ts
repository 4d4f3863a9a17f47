import { GIT_HOOKS } from '../model/task.ts'
import type { GitHook } from '../model/task.ts'
import { configuredNameOf } from './configured-hooks.ts'
import type { ConfiguredHook, HooksView } from './hooks-view.ts'
import type { HookSetting } from './read-git-settings.ts'

/** Our hooks in the configuration of the repository, out of all settings of hooks. */
export function readConfiguredHooks(settings: readonly HookSetting[]): HooksView['configured'] {
  const found = GIT_HOOKS.map((hook) => [hook, configuredHookIn(settings, hook)] as const)
  return Object.fromEntries(found) as Record<GitHook, ConfiguredHook | undefined>
}

function configuredHookIn(
  settings: readonly HookSetting[],
  hook: GitHook,
): ConfiguredHook | undefined {
  const name = configuredNameOf(hook)
  // What the user's or the system's configuration says is not ours to change.
  const local = settings.filter(({ scope }) => scope === 'local')
  const command = valuesOf(local, `hook.${name}.command`).at(-1)
  const events = valuesOf(local, `hook.${name}.event`)
  if (command === undefined && events.length === 0) return undefined
  const switches = [`hook.${name}.enabled`, `hook.${hook}.enabled`]
  const isEnabled = switches.every(
    (key) => !OFF.has(valuesOf(settings, key).at(-1)?.toLowerCase() ?? 'true'),
  )
  return { command, events, isEnabled }
}

function valuesOf(settings: readonly HookSetting[], key: string): readonly string[] {
  return settings.filter((setting) => setting.key === key).map(({ value }) => value)
}

/** How git's configuration says no. */
const OFF: ReadonlySet<string> = new Set(['false', 'no', 'off', '0', ''])
