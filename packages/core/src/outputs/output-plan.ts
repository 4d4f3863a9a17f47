import type { DirectoryEntry, TreeEntry } from '../model/tree.ts'
import type { NewFile } from '../store/unpack-batch.ts'

/** A directory to be made, and what will be in it. */
export interface NewDirectory {
  readonly stagedPath: string
  readonly finalPath: string
  readonly entry: DirectoryEntry
  readonly entries: readonly TreeEntry[]
  /** Those of `entries` that are files, in order. */
  readonly files: NewFile[]
}

export interface NewLink {
  readonly stagedPath: string
  readonly target: string
  readonly mtimeUs: number
}

/** Something staged that is to be moved to where it belongs. */
export interface Placement {
  readonly stagedPath: string
  readonly finalPath: string
  /** What is there now and has to go; undefined when nothing is. */
  readonly replaces: 'file' | 'directory' | undefined
  /** Set once it is in its place: a directory that nobody may write to cannot be moved. */
  readonly mode: number | undefined
}

/** A change of a mode or time that leaves the content alone. */
export interface Touch {
  readonly absolutePath: string
  /** Undefined: as it is. */
  readonly mode: number | undefined
  readonly mtimeUs: number
}

/** All that putting an entry's outputs back takes, decided before anything is done. */
export interface OutputPlan {
  /** Parents before children. */
  readonly directories: NewDirectory[]
  readonly files: NewFile[]
  readonly links: NewLink[]
  readonly placements: Placement[]
  readonly removals: string[]
  /** Done last; children before parents. */
  readonly touches: Touch[]
  /** For people: declared name and path below it. */
  readonly written: string[]
  readonly removed: string[]
  unchangedCount: number
}

export function createOutputPlan(): OutputPlan {
  return {
    directories: [],
    files: [],
    links: [],
    placements: [],
    removals: [],
    touches: [],
    written: [],
    removed: [],
    unchangedCount: 0,
  }
}

/** Whether there is anything to unpack before the outputs can be changed. */
export function needsStaging(plan: OutputPlan): boolean {
  return plan.placements.length > 0 || plan.removals.length > 0
}
