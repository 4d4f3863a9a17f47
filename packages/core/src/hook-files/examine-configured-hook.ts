import type { GitHook } from '../model/task.ts'
import { commandOf, configuredNameOf } from './configured-hooks.ts'
import { INSTALL_AGAIN } from './hook-findings.ts'
import type { HookFinding } from './hook-findings.ts'
import type { HooksView } from './hooks-view.ts'

/** What keeps a hook that the configuration names from running. */
export function examineConfiguredHook(hook: GitHook, view: HooksView): readonly HookFinding[] {
  const configured = view.configured[hook]
  if (configured === undefined) return []
  const findings: HookFinding[] = []
  const find = (finding: Omit<HookFinding, 'hook'>): void =>
    void findings.push({ ...finding, hook })
  const name = configuredNameOf(hook)
  if (!view.git.runsConfiguredHooks) {
    find({
      kind: 'git-too-old',
      isSerious: true,
      message: `git ${view.git.text} does not run hooks that the configuration names; that needs git 2.54`,
      hint: 'Use a newer git, or run `taskvault hooks install --method files`.',
    })
  }
  if (!configured.isEnabled) {
    find({
      kind: 'disabled',
      isSerious: true,
      message: `the configuration disables ${hook}`,
      hint: `Look at hook.${name}.enabled and hook.${hook}.enabled.`,
    })
  }
  if (configured.command !== commandOf(hook) || configured.events.join() !== hook) {
    const message = `hook.${name} in the configuration was edited`
    find({ kind: 'edited', isSerious: false, message, hint: INSTALL_AGAIN })
  }
  const { file, absolutePath } = view.scripts[hook]
  if (file.kind !== 'ours') {
    const message = `${absolutePath} is gone or has been replaced`
    find({ kind: 'script-missing', isSerious: true, message, hint: INSTALL_AGAIN })
  }
  return findings
}
