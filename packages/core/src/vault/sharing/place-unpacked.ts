import { lstatSync, readdirSync, renameSync } from 'node:fs'
import path from 'node:path'
import { isFailure } from '../../errors.ts'
import { removeTree } from '../../files/remove-tree.ts'
import { createOutputPlaces } from '../../outputs/output-places.ts'
import type { OutputPlaces } from '../../outputs/output-places.ts'
import type { Adopted, OutputTarget } from '../vault.ts'

/** Something that was unpacked, and where it belongs. */
export interface Unpacked {
  readonly stagedPath: string
  readonly target: OutputTarget
}

/**
 * Moves what was unpacked to its place where nothing is yet, so that a restore does not write it a second
 * time: it compares what is there, as ever. What cannot be moved is left for that restore to write.
 */
export function placeUnpacked(projectRoot: string, unpacked: readonly Unpacked[]): Adopted {
  const moved: OutputTarget[] = []
  const names: string[] = []
  using places = openPlaces(projectRoot, unpacked)
  for (const { stagedPath, target } of unpacked) {
    const found = listBelow(stagedPath, target.declaredAs)
    if (!moveIfAbsent(places, { stagedPath, target })) continue
    moved.push(target)
    names.push(...found)
  }
  return {
    names,
    undo() {
      using own = openPlaces(projectRoot, unpacked)
      for (const { absolutePath } of moved) removeTree(placeIn(own, absolutePath))
    },
  }
}

function openPlaces(projectRoot: string, unpacked: readonly Unpacked[]): OutputPlaces {
  return createOutputPlaces({
    outputs: unpacked.map(({ target }) => target),
    projectRoot,
    stagingName() {
      throw new Error('nothing is staged here')
    },
    onStaging() {},
  })
}

function moveIfAbsent(places: OutputPlaces, { stagedPath, target }: Unpacked): boolean {
  try {
    const place = placeIn(places, target.absolutePath)
    if (lstatSync(place, { throwIfNoEntry: false }) !== undefined) return false
    renameSync(stagedPath, place)
    return true
  } catch (error) {
    // Another file system, a link in the way: whatever it is, the restore tells it.
    if (isFailure(error)) return false
    throw error
  }
}

function placeIn(places: OutputPlaces, absolutePath: string): string {
  return path.join(places.directoryOf(absolutePath), path.basename(absolutePath))
}

function listBelow(stagedPath: string, name: string): readonly string[] {
  if (!lstatSync(stagedPath).isDirectory()) return [name]
  return readdirSync(stagedPath, { withFileTypes: true, recursive: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.join(path.relative(stagedPath, entry.parentPath), entry.name))
    .map((relative) => `${name}/${relative.split(path.sep).join('/')}`)
}
