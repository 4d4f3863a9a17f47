import { TaskVaultError } from '../errors.ts'
import type { GitHook } from '../model/task.ts'
import type { HookManager } from './hook-managers.ts'
import type { HookPlace, HooksView } from './hooks-view.ts'
import { keptNameOf } from './kept-name.ts'

/*
 * Hooks are refused where writing them would fight somebody for the same file, or change what other
 * people or repositories run. Each refusal says what to do instead.
 */

/** @throws {TaskVaultError} HOOKS_REFUSED unless the directory of hooks is this repository's own. */
export function refuseDirectory(
  { directory, git }: HooksView,
  wishes: { readonly hooks: readonly GitHook[]; readonly mayShare: boolean },
): void {
  const { hooksPath, audience, manager, absolutePath } = directory
  if (manager !== undefined) throw managedBy(manager, wishes.hooks)
  if (hooksPath === undefined || audience === 'this-repository') return
  const setting = `core.hooksPath is "${hooksPath.value}" (${hooksPath.origin})`
  if (audience === 'nobody') {
    throw refused(`Hooks are turned off: ${setting}`, [
      `Remove that setting: git config --${hooksPath.scope} --unset core.hooksPath`,
    ])
  }
  if (wishes.mayShare) return
  const whose =
    audience === 'team'
      ? `${absolutePath} belongs to the work tree, so everybody who clones would get ours`
      : `all repositories of this machine share the hooks in ${absolutePath}`
  throw refused(`Hooks are shared: ${whose}; ${setting}`, [
    `Add a line to the hook there, \`taskvault hooks run ${wishes.hooks[0]} "$@"\` for example,`,
    'or let `taskvault hooks install --shared` write it,',
    git.runsConfiguredHooks
      ? 'or leave `--method files` out: this git runs hooks that its configuration names.'
      : 'or use git 2.54 or later, which runs hooks that the configuration of one repository names.',
  ])
}

/** @throws {TaskVaultError} HOOKS_REFUSED when one of the files is a manager's. */
export function refuseManaged({ directory }: HooksView, hooks: readonly GitHook[]): void {
  for (const hook of hooks) {
    const { file } = directory.places[hook]
    if (file.kind !== 'foreign' || file.manager === undefined) continue
    const { manager } = file
    const theirs = hooks.filter((each) => {
      const other = directory.places[each].file
      return other.kind === 'foreign' && other.manager === manager
    })
    throw managedBy(manager, theirs)
  }
}

/** @throws {TaskVaultError} HOOKS_REFUSED when the file that is there cannot be kept. */
export function refuseBlocked(hook: GitHook, { file, kept, absolutePath }: HookPlace): void {
  if (file.kind === 'unusable')
    throw refused(`${absolutePath} is not a file`, ['Move it away, and try again.'])
  if (file.kind !== 'foreign') return
  if (file.readsOwnName) {
    throw refused(
      `The hook at ${absolutePath} looks at its own name, so it would break under another name`,
      [
        `Add to it: taskvault hooks run ${hook} "$@"`,
        `Or leave this hook out: name the ones that you want with --hook.`,
      ],
    )
  }
  if (kept !== 'absent') {
    throw refused(`There are both ${hook} and ${keptNameOf(hook)} beside ${absolutePath}`, [
      'Move one of them away: the second is where the first would be kept.',
    ])
  }
}

/** @throws {TaskVaultError} HOOKS_REFUSED when this git would not run hooks of the configuration. */
export function refuseOldGit({ git }: HooksView): void {
  if (git.runsConfiguredHooks) return
  throw refused(
    `git ${git.text} does not run hooks that the configuration names; that needs git 2.54`,
    ['Use a newer git, or `--method files`.'],
  )
}

function managedBy(manager: HookManager, hooks: readonly GitHook[]): TaskVaultError {
  return refused(`The hooks of this repository are written by ${manager.name}`, [
    manager.advice(hooks),
  ])
}

function refused(message: string, hint: readonly string[]): TaskVaultError {
  return new TaskVaultError('HOOKS_REFUSED', message, { hint: hint.join('\n') })
}
