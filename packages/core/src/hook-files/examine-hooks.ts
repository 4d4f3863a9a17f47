import { GIT_HOOKS } from '../model/task.ts'
import type { GitHook } from '../model/task.ts'
import { examineConfiguredHook } from './examine-configured-hook.ts'
import { examineHookFile } from './examine-hook-file.ts'
import { examineRepository } from './examine-repository.ts'
import { INSTALL_AGAIN } from './hook-findings.ts'
import type { HookFinding } from './hook-findings.ts'
import type { HookPlace, HooksView } from './hooks-view.ts'

export interface ExamineOptions {
  /** Of the TaskVault that asks. */
  readonly version: string
  /** Whether there is a file at an absolute path. */
  readonly exists: (absolutePath: string) => boolean
}

/** All that is wrong with our hooks, the whole before the single hook; empty when they will run. */
export function examineHooks(view: HooksView, options: ExamineOptions): readonly HookFinding[] {
  const places = [view.directory.places, view.scripts]
  return [
    ...examineRepository(view),
    ...GIT_HOOKS.flatMap((hook) => [
      ...examineHookFile(hook, view),
      ...examineConfiguredHook(hook, view),
      ...places.flatMap((each) => examineScript(hook, each[hook], options)),
    ]),
  ]
}

function examineScript(
  hook: GitHook,
  { file, absolutePath }: HookPlace,
  { version, exists }: ExamineOptions,
): readonly HookFinding[] {
  if (file.kind !== 'ours') return []
  const { facts, isEdited } = file.script
  const findings: HookFinding[] = []
  const find = (kind: HookFinding['kind'], message: string, hint: string): void =>
    void findings.push({ kind, isSerious: false, hook, message, hint })
  if (isEdited) {
    const hint = 'Move your lines elsewhere, and run `taskvault hooks install --force`.'
    find('edited', `${absolutePath} was edited by hand`, hint)
  }
  const recorded = facts.command === undefined ? [] : [facts.command.node, facts.command.script]
  const gone = recorded.find((path) => !exists(path))
  if (gone !== undefined) {
    const instead = `${hook} looks for taskvault in node_modules/.bin and on PATH instead`
    find('command-gone', `${gone} is gone; ${instead}`, INSTALL_AGAIN)
  }
  if (facts.version !== version) {
    const writer = `TaskVault ${facts.version}, and this is ${version}`
    find('other-version', `${absolutePath} was written by ${writer}`, INSTALL_AGAIN)
  }
  return findings
}
