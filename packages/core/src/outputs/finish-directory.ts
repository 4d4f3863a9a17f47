import { chmodSync, lstatSync, lutimesSync } from 'node:fs'
import type { Stats } from 'node:fs'
import { learnDirectory, learnName } from './learn-restored.ts'
import type { LearnContext } from './learn-restored.ts'
import type { MadeDirectory } from './made-directory.ts'
import type { StagedDirectory } from './staged-directory.ts'

export interface Finishing {
  readonly context: Pick<LearnContext, 'algorithm'>
  /** Takes those that are finished, children before parents. */
  readonly directories: MadeDirectory[]
}

/** Something in a directory is finished. With the last of it, so is the directory, as a part of its parent. */
export function finishPart(directory: StagedDirectory, finishing: Finishing): void {
  let next: StagedDirectory | undefined = directory
  while (next !== undefined) {
    next.unfinished -= 1
    if (next.unfinished > 0) return
    finishDirectory(next, finishing)
    next = next.parent?.directory
  }
}

/** Sets mode and time, after all that is in it: filling a directory changes its time. */
function finishDirectory(directory: StagedDirectory, { context, directories }: Finishing): void {
  const { stagedPath, entry, parent } = directory
  lutimesSync(stagedPath, entry.mtimeUs / 1e6, entry.mtimeUs / 1e6)
  // What nobody may write to cannot be moved either: an output gets its mode when it is in its place.
  const self = parent === undefined ? undefined : setMode(stagedPath, entry.mode)
  if (parent !== undefined && self !== undefined) learnName(parent.directory, parent.index, self)
  directories.push(learnDirectory(directory, self, context))
}

function setMode(directory: string, mode: number): Stats {
  const stats = lstatSync(directory)
  if ((stats.mode & 0o777) === mode) return stats
  chmodSync(directory, mode)
  return lstatSync(directory)
}
