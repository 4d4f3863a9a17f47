import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  futimesSync,
  linkSync,
  lstatSync,
  lutimesSync,
  openSync,
  renameSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { TaskVaultError, isTaskVaultError, systemErrorCode } from '../errors.ts'
import { renameWritten } from '../files/rename-written.ts'
import type { OutputPlaces } from './output-places.ts'
import type { OutputPlan, Placement, Touch } from './output-plan.ts'

/** What undoes the steps so far, the first step's first. Each takes the directory that it needs anew. */
type Undo = (() => void)[]

/**
 * Puts staged outputs in place by renames alone. What is replaced or removed is moved into the
 * staging directory first; when any step fails, all steps before it are undone.
 *
 * Every name is used in the directory that `places` holds: nothing is reached through a link that
 * was put on the way since the outputs were planned.
 * @throws {TaskVaultError} OUTPUT_BLOCKED when something in the way cannot be moved.
 */
export function applyPlan(plan: OutputPlan, places: OutputPlaces): void {
  const undo: Undo = []
  let absolutePath = ''
  try {
    for (absolutePath of plan.removals) moveAside(absolutePath, places, undo)
    for (const placement of plan.placements) {
      absolutePath = placement.finalPath
      place(placement, places, undo)
    }
    for (const touch of plan.touches) {
      ;({ absolutePath } = touch)
      applyTouch(touch, places)
    }
  } catch (error) {
    const left = undoAll(undo)
    throw blocked(absolutePath, error, left)
  }
}

/** What the system says of a name that is not what it was when the plan was made. */
const OTHER_THAN_PLANNED = ['ENOTEMPTY', 'EEXIST', 'EISDIR', 'ENOTDIR', 'ENOENT']

/** Whether a plan could not be applied because somebody else changed the outputs meanwhile: a new one may do. */
export function isOvertaken(error: unknown): boolean {
  if (!isTaskVaultError(error, 'OUTPUT_BLOCKED')) return false
  return OTHER_THAN_PLANNED.includes(systemErrorCode(error.cause) ?? '')
}

/** @returns how many steps could not be undone. */
function undoAll(undo: Undo): number {
  let left = 0
  for (const step of undo.toReversed()) {
    try {
      step()
    } catch {
      left += 1
    }
  }
  return left
}

function place(placement: Placement, places: OutputPlaces, undo: Undo): void {
  const { stagedPath, finalPath, replaces, entry } = placement
  if (entry.kind === 'directory') return placeDirectory(placement, entry.mode, { places, undo })
  if (replaces === 'file' && linkAside(finalPath, places, undo)) {
    if (replaceFile(stagedPath, heldPath(finalPath, places))) return
    undo.pop()
  }
  if (replaces !== undefined) moveAside(finalPath, places, undo)
  renameWritten(stagedPath, heldPath(finalPath, places))
  undo.push(() => renameSync(heldPath(finalPath, places), stagedPath))
}

/** False where a file cannot be replaced: on Windows, when it is open or read-only. It may be moved then. */
function replaceFile(stagedPath: string, finalPath: string): boolean {
  try {
    renameSync(stagedPath, finalPath)
    return true
  } catch {
    return false
  }
}

function placeDirectory(
  { stagedPath, finalPath, replaces }: Placement,
  mode: number,
  { places, undo }: { readonly places: OutputPlaces; readonly undo: Undo },
): void {
  if (replaces !== undefined) moveAside(finalPath, places, undo)
  const held = openDirectory(stagedPath)
  try {
    renameWritten(stagedPath, heldPath(finalPath, places))
    undo.push(() => renameSync(heldPath(finalPath, places), stagedPath))
    // Only now: a directory that nobody may write to cannot be moved.
    setMode(held, heldPath(finalPath, places), mode)
  } finally {
    if (held !== undefined) closeSync(held)
  }
}

/** The path to a name through the directory that is held for it. */
function heldPath(absolutePath: string, places: OutputPlaces): string {
  return join(places.directoryOf(absolutePath), basename(absolutePath))
}

/**
 * Keeps a file under a second name, so that the rename over it is one step: a reader finds the old
 * one or the new one at any time. False where the file system has no such links; and of symlinks on macOS,
 * which gives the second name to what they lead to.
 */
function linkAside(path: string, places: OutputPlaces, undo: Undo): boolean {
  const aside = join(places.stagingOf(path), `old-${undo.length}`)
  const current = heldPath(path, places)
  try {
    if (process.platform === 'darwin' && lstatSync(current).isSymbolicLink()) return false
    linkSync(current, aside)
  } catch {
    return false
  }
  undo.push(() => renameSync(aside, heldPath(path, places)))
  return true
}

function moveAside(path: string, places: OutputPlaces, undo: Undo): void {
  const aside = join(places.stagingOf(path), `moved-${undo.length}`)
  renameSync(heldPath(path, places), aside)
  undo.push(() => renameSync(aside, heldPath(path, places)))
}

function applyTouch({ absolutePath, mode, mtimeUs }: Touch, places: OutputPlaces): void {
  const path = heldPath(absolutePath, places)
  // Never through a link, should one have taken the place meanwhile.
  if (mode === undefined) return lutimesSync(path, mtimeUs / 1e6, mtimeUs / 1e6)
  const held = openDirectory(path)
  try {
    setMode(held, path, mode)
    if (held === undefined) lutimesSync(path, mtimeUs / 1e6, mtimeUs / 1e6)
    else futimesSync(held, mtimeUs / 1e6, mtimeUs / 1e6)
  } finally {
    if (held !== undefined) closeSync(held)
  }
}

/** Undefined on Windows, which opens no directories, and whose links nobody but administrators can make. */
function openDirectory(path: string): number | undefined {
  if (process.platform === 'win32') return undefined
  return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
}

/** Of the directory itself: its name may be another's by now. */
function setMode(directory: number | undefined, path: string, mode: number): void {
  if (directory === undefined) chmodSync(path, mode)
  else fchmodSync(directory, mode)
}

function blocked(absolutePath: string, cause: unknown, left: number): TaskVaultError {
  if (isTaskVaultError(cause, 'OUTPUT_BLOCKED') && left === 0) return cause
  const message = cause instanceof Error ? cause.message : String(cause)
  // Without the call and its paths, which lead through descriptors of this process.
  const reason = message.replace(/, [a-z]+ '.*$/s, '')
  const rest =
    left === 0 ? 'everything was left as it was' : `${left} steps before it could not be undone`
  return new TaskVaultError('OUTPUT_BLOCKED', `Could not put ${absolutePath} in place: ${reason}`, {
    hint: `Check who owns the outputs and their directories; ${rest}.`,
    cause,
  })
}
