import { renameSync } from 'node:fs'
import path from 'node:path'
import { isFailure } from '../../errors.ts'
import { isThere } from '../../files/is-there.ts'
import type { OutputPlaces } from '../../outputs/output-places.ts'
import type { OpenParts } from '../open-parts.ts'
import { openPlaces } from '../open-places.ts'
import type { OutputTarget } from '../vault.ts'

/** Something that was unpacked, and where it belongs. */
export interface UnpackedOutput {
  readonly stagedPath: string
  readonly target: OutputTarget
}

/**
 * Moves what was unpacked to its place, if nothing is in the way of any of it: all, or nothing.
 * @returns whether it was moved.
 * @throws what the system says when something that was moved cannot be taken back.
 */
export function placeUnpacked(parts: OpenParts, outputs: readonly UnpackedOutput[]): boolean {
  const targets = outputs.map(({ target }) => target)
  if (targets.some(({ absolutePath }) => isThere(absolutePath))) return false
  using places = openPlaces(parts, targets)
  const stop = outputs.findIndex((output) => !moveIfAbsent(places, output))
  if (stop === -1) return true
  for (const { stagedPath, target } of outputs.slice(0, stop))
    renameSync(placeIn(places, target.absolutePath), stagedPath)
  return false
}

function moveIfAbsent(places: OutputPlaces, { stagedPath, target }: UnpackedOutput): boolean {
  try {
    const place = placeIn(places, target.absolutePath)
    if (isThere(place)) return false
    renameSync(stagedPath, place)
    return true
  } catch (error) {
    // Another file system, a link in the way: whatever it is, a restore tells it.
    if (isFailure(error)) return false
    throw error
  }
}

function placeIn(places: OutputPlaces, absolutePath: string): string {
  return path.join(places.directoryOf(absolutePath), path.basename(absolutePath))
}
