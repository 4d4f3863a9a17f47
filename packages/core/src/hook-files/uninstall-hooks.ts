import { statSync, utimesSync } from 'node:fs'
import { runGit } from '../git/run-git.ts'
import type { Environment } from '../git/run-git.ts'
import { carryOut } from './carry-out.ts'
import type { HooksView } from './hooks-view.ts'
import type { TouchedPath } from './install-record.ts'
import { observeHooks } from './observe-hooks.ts'
import { planUninstall } from './plan-uninstall.ts'
import type { UninstallPlan, UninstallWishes } from './plan-uninstall.ts'
import { findCommonDirectory } from './read-git-settings.ts'
import { whileLocked } from './while-locked.ts'

export interface HookRequest<Wishes> {
  /** Any directory of the repository. */
  readonly cwd: string
  readonly env: Environment
  readonly wishes: Wishes
}

/**
 * Removes our hooks from the repository that contains `cwd`, and restores what was there before.
 * @throws {TaskVaultError} GIT_FAILED without a repository; HOOKS_REFUSED when a hook was edited; PERMISSION_DENIED,
 * DISK_FULL, IO_FAILED. Nothing has changed then.
 */
export async function uninstallHooks({
  cwd,
  env,
  wishes,
}: HookRequest<UninstallWishes>): Promise<UninstallPlan> {
  return await whileLocked(findCommonDirectory(cwd, env), () => {
    const view = observeHooks(cwd, env)
    const plan = planUninstall(view, wishes)
    carryOutRemoval(plan, { view, cwd, env })
    return plan
  })
}

/** Carries out a plan of `planUninstall`, and sets back the times of what nobody else touched. */
export function carryOutRemoval(
  plan: UninstallPlan,
  { view, cwd, env }: { readonly view: HooksView; readonly cwd: string; readonly env: Environment },
): void {
  const untouched = (view.record?.touched ?? []).filter(isAsWeLeftIt)
  carryOut(plan.steps, {
    configurationPath: view.configuration.path,
    git: (...args) => void runGit(args, { workTree: cwd, project: cwd, env }),
  })
  for (const { path, beforeMs } of untouched) {
    const stats = statSync(path, { throwIfNoEntry: false })
    if (stats !== undefined) utimesSync(path, stats.atimeMs / 1000, beforeMs / 1000)
  }
}

function isAsWeLeftIt({ path, afterMs }: TouchedPath): boolean {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs === afterMs
}
