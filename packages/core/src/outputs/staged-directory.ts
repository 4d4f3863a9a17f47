import type { DirectoryEntry, TreeEntry } from '../model/tree.ts'

/** A directory that was made out of sight, and what is in it. */
export interface StagedDirectory {
  readonly stagedPath: string
  readonly finalPath: string
  readonly entry: DirectoryEntry
  readonly entries: readonly TreeEntry[]
  /** The identities of the files among `entries`, in order, one after the other. */
  readonly identities: Float64Array
}
