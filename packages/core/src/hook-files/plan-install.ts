import { dirname } from 'node:path'
import { GIT_HOOKS } from '../model/task.ts'
import type { GitHook } from '../model/task.ts'
import { commandOf } from './configured-hooks.ts'
import { renderHookScript } from './hook-script.ts'
import type { HookFacts, RecordedCommand } from './hook-script.ts'
import type { HookPlan, HookStep } from './hook-steps.ts'
import type { HookPlace, HookPlaces, HooksView } from './hooks-view.ts'
import { keptNameOf } from './kept-name.ts'
import { refuseBlocked, refuseDirectory, refuseManaged, refuseOldGit } from './refusals.ts'

/** `files`: in git's hooks directory. `config`: by `hook.<name>.command` in git's configuration. */
export type InstallMethod = 'files' | 'config'

export interface InstallWishes {
  readonly hooks: readonly GitHook[]
  /** By what git can do when undefined. */
  readonly method: InstallMethod | undefined
  /** Also into a directory whose hooks others run: a tracked one, or one of all repositories. */
  readonly mayShare: boolean
  readonly version: string
  readonly command: RecordedCommand
  /** Relative to the root of the work tree, with `/`; `.` for the root. */
  readonly project: string
  readonly platform: NodeJS.Platform
}

export interface InstallPlan extends HookPlan {
  readonly method: InstallMethod
  /** Hooks whose file from before is kept beside ours. */
  readonly chained: readonly GitHook[]
}

/**
 * Plans hooks for a repository in which none of ours are.
 * @throws {TaskVaultError} HOOKS_REFUSED when hooks there are somebody else's matter.
 */
export function planInstall(view: HooksView, wishes: InstallWishes): InstallPlan {
  refuseInstall(view, wishes)
  const method = chooseMethod(view, wishes)
  return method === 'config' ? planConfigured(view, wishes) : planFiles(view, wishes)
}

/** @throws {TaskVaultError} HOOKS_REFUSED as `planInstall` does, also where hooks of ours are. */
export function refuseInstall(view: HooksView, wishes: InstallWishes): void {
  if (chooseMethod(view, wishes) === 'config') return refuseOldGit(view)
  refuseDirectory(view, wishes)
  refuseManaged(view, wishes.hooks)
  for (const hook of wishes.hooks) refuseBlocked(hook, view.directory.places[hook])
}

/** Whether all that is wanted is there, and nothing else of ours. */
export function isInstalled(view: HooksView, wishes: InstallWishes): boolean {
  if ([view.takenOver, ...view.passedOver].some(hasOurs)) return false
  const isAsWanted = chooseMethod(view, wishes) === 'config' ? isConfiguredAsWanted : isFileAsWanted
  return GIT_HOOKS.every((hook) => isAsWanted(hook, view, wishes))
}

function hasOurs(places: HookPlaces): boolean {
  return GIT_HOOKS.some((hook) => places[hook].file.kind === 'ours')
}

function isConfiguredAsWanted(hook: GitHook, view: HooksView, wishes: InstallWishes): boolean {
  if (view.directory.places[hook].file.kind === 'ours') return false
  const configured = view.configured[hook]
  if (!wishes.hooks.includes(hook)) return configured === undefined
  const isNamed = configured?.command === commandOf(hook) && configured.events.join() === hook
  return isNamed && isCurrent(view.scripts[hook], factsFor(hook, wishes))
}

function isFileAsWanted(hook: GitHook, view: HooksView, wishes: InstallWishes): boolean {
  if (view.configured[hook] !== undefined) return false
  const place = view.directory.places[hook]
  if (!wishes.hooks.includes(hook)) return place.file.kind !== 'ours'
  return isCurrent(place, factsOfFile(hook, view, wishes))
}

function isCurrent({ file }: HookPlace, facts: HookFacts): boolean {
  return file.kind === 'ours' && file.isExecutable && file.text === renderHookScript(facts)
}

function chooseMethod(view: HooksView, { method }: InstallWishes): InstallMethod {
  return method ?? (view.git.runsConfiguredHooks ? 'config' : 'files')
}

function planConfigured(view: HooksView, wishes: InstallWishes): InstallPlan {
  const steps = wishes.hooks.flatMap((hook): readonly HookStep[] => {
    const text = renderHookScript(factsFor(hook, wishes))
    return [
      { kind: 'write-hook', path: view.scripts[hook].absolutePath, text },
      { kind: 'configure', hook, command: commandOf(hook) },
    ]
  })
  const directory = dirname(view.scripts['pre-commit'].absolutePath)
  return {
    method: 'config',
    chained: [],
    steps: [{ kind: 'make-directory', path: directory }, ...steps],
    remarks: remarksOn(view),
  }
}

function planFiles(view: HooksView, wishes: InstallWishes): InstallPlan {
  const { directory } = view
  const places = wishes.hooks.map((hook) => [hook, directory.places[hook]] as const)
  const steps = places.flatMap(([hook, place]): readonly HookStep[] => {
    const text = renderHookScript(factsOfFile(hook, view, wishes))
    const write: HookStep = { kind: 'write-hook', path: place.absolutePath, text }
    return place.file.kind === 'foreign'
      ? [{ kind: 'move', from: place.absolutePath, to: place.keptPath }, write]
      : [write]
  })
  return {
    method: 'files',
    chained: places.filter(([, place]) => isKept(place)).map(([hook]) => hook),
    steps: [{ kind: 'make-directory', path: directory.absolutePath }, ...steps],
    remarks: [...remarksOn(view), ...remarksOnFiles(places)],
  }
}

function isKept({ file, kept }: HookPlace): boolean {
  return file.kind === 'foreign' || kept !== 'absent'
}

function factsOfFile(hook: GitHook, { directory }: HooksView, wishes: InstallWishes): HookFacts {
  const facts = { ...factsFor(hook, wishes), isChained: isKept(directory.places[hook]) }
  if (directory.audience === 'this-repository') return facts
  // Nothing of this machine, and no place in this repository, belongs into what others run.
  return { ...facts, command: undefined, project: '.' }
}

function factsFor(hook: GitHook, wishes: InstallWishes): HookFacts {
  const { version, command, project, platform } = wishes
  return { hook, version, command, project, platform, isChained: false }
}

function remarksOn({ configuredManagers }: HooksView): readonly string[] {
  return configuredManagers.map(
    ({ name, advice }) =>
      `The project has a configuration of ${name}. To have it run TaskVault instead, for everybody who uses it:\n${advice(GIT_HOOKS)}`,
  )
}

function remarksOnFiles(places: readonly (readonly [GitHook, HookPlace])[]): readonly string[] {
  return places
    .filter(([, { file }]) => file.kind === 'foreign')
    .map(([hook, { file }]) =>
      file.kind === 'foreign' && file.isExecutable
        ? `The ${hook} hook that was there is kept as ${keptNameOf(hook)}, and runs first.`
        : `The ${hook} file that was there is kept as ${keptNameOf(hook)}. It is not executable, so it does not run, as before.`,
    )
}
