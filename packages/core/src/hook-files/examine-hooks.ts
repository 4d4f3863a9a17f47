import { GIT_HOOKS } from '../model/task.ts'
import { examineConfiguredHook } from './examine-configured-hook.ts'
import { examineHookFile } from './examine-hook-file.ts'
import { examineHookScript } from './examine-hook-script.ts'
import type { ExamineOptions } from './examine-hook-script.ts'
import { examineRepository } from './examine-repository.ts'
import type { HookFinding } from './hook-findings.ts'
import type { HooksView } from './hooks-view.ts'

/** Everything that is wrong with our hooks, general findings before those of single hooks; empty when they will run. */
export function examineHooks(view: HooksView, options: ExamineOptions): readonly HookFinding[] {
  const places = [view.directory.places, view.takenOver, view.scripts]
  return [
    ...examineRepository(view, options),
    ...GIT_HOOKS.flatMap((hook) => [
      ...examineHookFile(hook, view),
      ...examineConfiguredHook(hook, view),
      ...places.flatMap((each) => examineHookScript(each[hook], view, options)),
    ]),
  ]
}
