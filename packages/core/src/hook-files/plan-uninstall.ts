import { dirname } from 'node:path'
import { TaskVaultError } from '../errors.ts'
import { GIT_HOOKS } from '../model/task.ts'
import type { GitHook } from '../model/task.ts'
import type { HookPlan, HookStep } from './hook-steps.ts'
import type { HookPlace, HookPlaces, HooksView } from './hooks-view.ts'
import { ownDirectoryIn, recordPathIn } from './install-record.ts'

export interface UninstallWishes {
  /** Whether hooks that were edited go too, and their edits with them. */
  readonly discardEdits: boolean
  /** Also from a directory whose hooks others run, if it was not this repository that put them there. */
  readonly mayShare: boolean
}

export interface UninstallPlan extends HookPlan {
  /** Hooks of ours that there were, in whatever form. */
  readonly removed: readonly GitHook[]
  /** Hooks from before that are back in their place. */
  readonly restored: readonly GitHook[]
}

/**
 * Plans the way back: hooks of ours go, wherever they lie, and those from before return.
 * @throws {TaskVaultError} HOOKS_REFUSED when a hook was edited and edits are not to be discarded.
 */
export function planUninstall(view: HooksView, wishes: UninstallWishes): UninstallPlan {
  const directories = listDirectories(view, wishes)
  const places = [...directories, view.scripts].flatMap(listPlaces)
  if (!wishes.discardEdits) refuseEdited(places.map(([, place]) => place))
  const files = directories.flatMap(listPlaces)
  const configured = GIT_HOOKS.filter((hook) => view.configured[hook] !== undefined)
  const steps = [
    ...configurationSteps(view, configured),
    ...files.flatMap(([, place]) => stepsFor(place)),
    ...listPlaces(view.scripts).flatMap(([, place]) => stepsFor(place)),
  ]
  const removed = GIT_HOOKS.filter(
    (hook) =>
      configured.includes(hook) ||
      places.some(([name, { file }]) => name === hook && file.kind === 'ours'),
  )
  if (steps.length === 0 && view.record === undefined)
    return { steps: [], remarks: [], removed, restored: [] }
  return {
    steps: [...steps, ...cleaningSteps(view)],
    remarks: files.flatMap(([hook, place]) => remarksOn(hook, place)),
    removed,
    restored: files.filter(([, place]) => isReturning(place)).map(([hook]) => hook),
  }
}

function listDirectories(view: HooksView, wishes: UninstallWishes): readonly HookPlaces[] {
  const { directory, passedOver, record } = view
  const isOwn = directory.audience === 'this-repository'
  const isFromHere = record?.directory === directory.absolutePath
  const mayTouch = isOwn || isFromHere || wishes.mayShare
  return [...(mayTouch ? [currentPlaces(view)] : []), ...passedOver]
}

/** The pre-commit framework may have taken the place of ours, which then runs under another name. */
function currentPlaces({ directory, takenOver }: HooksView): HookPlaces {
  const placeOf = (hook: GitHook): HookPlace =>
    directory.places[hook].file.kind !== 'ours' && takenOver[hook].file.kind === 'ours'
      ? takenOver[hook]
      : directory.places[hook]
  const places = GIT_HOOKS.map((hook) => [hook, placeOf(hook)] as const)
  return Object.fromEntries(places) as Record<GitHook, HookPlace>
}

/** Byte by byte where nobody else has written since; else only what is ours goes. */
function configurationSteps(view: HooksView, hooks: readonly GitHook[]): readonly HookStep[] {
  const { record, configuration } = view
  const before = record?.configuration
  if (hooks.length > 0 && before?.afterSha256 === configuration.sha256) {
    return [{ kind: 'restore-configuration', bytes: Buffer.from(before.beforeBase64, 'base64') }]
  }
  return hooks.map((hook) => ({ kind: 'deconfigure', hook }))
}

function listPlaces(places: HookPlaces): readonly (readonly [GitHook, HookPlace])[] {
  return GIT_HOOKS.map((hook) => [hook, places[hook]] as const)
}

function stepsFor(place: HookPlace): readonly HookStep[] {
  // One rename puts the old hook over ours: at no time is there none.
  if (isReturning(place)) return [{ kind: 'move', from: place.keptPath, to: place.absolutePath }]
  return place.file.kind === 'ours' ? [{ kind: 'remove', path: place.absolutePath }] : []
}

function isReturning({ file, kept }: HookPlace): boolean {
  return kept !== 'absent' && (file.kind === 'ours' || file.kind === 'absent')
}

function cleaningSteps({ commonDirectory, scripts, record }: HooksView): readonly HookStep[] {
  const directories = [
    dirname(scripts['pre-commit'].absolutePath),
    ownDirectoryIn(commonDirectory),
    ...(record?.created ?? []),
  ]
  // Deepest first: only what is empty can be removed.
  const deepestFirst = [...new Set(directories)].toSorted((a, b) => b.length - a.length)
  return [
    { kind: 'remove', path: recordPathIn(commonDirectory) },
    ...deepestFirst.map((path): HookStep => ({ kind: 'remove-directory', path })),
  ]
}

function refuseEdited(places: readonly HookPlace[]): void {
  for (const { file, absolutePath } of places) {
    if (file.kind !== 'ours' || !file.script.isEdited) continue
    throw new TaskVaultError('HOOKS_REFUSED', `${absolutePath} was edited by hand`, {
      hint: 'Copy your lines to another place, and use --force to drop them here.',
    })
  }
}

function remarksOn(hook: GitHook, { file, kept, keptPath }: HookPlace): readonly string[] {
  if (file.kind !== 'foreign' || kept === 'absent') return []
  return [`Another ${hook} hook took the place of ours; the earlier one is left at ${keptPath}.`]
}
