import type { TreeEntry } from '../model/tree.ts'

/** Something to be made out of sight, and moved to where it belongs. */
export interface Placement {
  readonly entry: TreeEntry
  readonly stagedPath: string
  readonly finalPath: string
  /** For people: declared name and path below it. */
  readonly displayPath: string
  /** What is there now and has to go; undefined when nothing is. */
  readonly replaces: 'file' | 'directory' | undefined
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
  readonly placements: Placement[]
  readonly removals: string[]
  /** Done last; children before parents. */
  readonly touches: Touch[]
  /** For people, as in placements. */
  readonly removed: string[]
  /** Files and links. */
  unchangedCount: number
  /** Directories that stay, whatever becomes of what is in them. */
  keptDirectories: number
}

export function createOutputPlan(): OutputPlan {
  return {
    placements: [],
    removals: [],
    touches: [],
    removed: [],
    unchangedCount: 0,
    keptDirectories: 0,
  }
}

/** Whether there is anything to make or to move before the outputs can be changed. */
export function needsStaging(plan: OutputPlan): boolean {
  return plan.placements.length > 0 || plan.removals.length > 0
}
