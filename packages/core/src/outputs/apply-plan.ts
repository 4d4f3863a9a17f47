import { chmodSync, linkSync, lutimesSync, mkdirSync, renameSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { TaskVaultError } from '../errors.ts'
import type { OutputPlan, Placement, Touch } from './output-plan.ts'

/**
 * Puts staged outputs in place by renames alone. What is replaced or removed is moved into
 * `asideDirectory` first; when any step fails, all steps before it are undone.
 * @throws {TaskVaultError} OUTPUT_BLOCKED when something in the way cannot be moved.
 */
export function applyPlan(plan: OutputPlan, asideOf: (finalPath: string) => string): void {
  const undo: (() => void)[] = []
  try {
    for (const path of plan.removals) moveAside(path, asideOf, undo)
    for (const placement of plan.placements) place(placement, asideOf, undo)
    for (const touch of plan.touches) applyTouch(touch)
  } catch (error) {
    for (const step of undo.toReversed()) step()
    const reason = error instanceof Error ? error.message : String(error)
    throw new TaskVaultError('OUTPUT_BLOCKED', `Could not put the outputs in place: ${reason}`, {
      hint: 'Check who owns the outputs and their directories; everything was left as it was.',
      cause: error,
    })
  }
}

function place(placement: Placement, asideOf: (path: string) => string, undo: (() => void)[]): void {
  const { stagedPath, finalPath, replaces, entry } = placement
  mkdirSync(dirname(finalPath), { recursive: true })
  const isKept = replaces === 'file' && entry.kind !== 'directory' && linkAside(finalPath, asideOf, undo)
  if (replaces !== undefined && !isKept) moveAside(finalPath, asideOf, undo)
  renameSync(stagedPath, finalPath)
  if (!isKept) undo.push(() => renameSync(finalPath, stagedPath))
  if (entry.kind === 'directory') chmodSync(finalPath, entry.mode)
}

/**
 * Keeps a file under a second name, so that the rename over it is one step: a reader finds the old
 * one or the new one at any time. False where the file system has no such links.
 */
function linkAside(path: string, asideOf: (path: string) => string, undo: (() => void)[]): boolean {
  const aside = join(asideOf(path), `old-${undo.length}`)
  try {
    linkSync(path, aside)
  } catch {
    return false
  }
  undo.push(() => renameSync(aside, path))
  return true
}

function moveAside(path: string, asideOf: (path: string) => string, undo: (() => void)[]): void {
  const aside = join(asideOf(path), `old-${undo.length}`)
  renameSync(path, aside)
  undo.push(() => renameSync(aside, path))
}

function applyTouch({ absolutePath, mode, mtimeUs }: Touch): void {
  if (mode !== undefined) chmodSync(absolutePath, mode)
  // Never through a link, should one have taken the place meanwhile.
  lutimesSync(absolutePath, mtimeUs / 1e6, mtimeUs / 1e6)
}
