import type { DirectoryEntry, TreeEntry } from '../model/tree.ts'
import type { IdentityPlace } from '../store/unpacking/file-identity.ts'

/** A directory that was made out of sight, and what is in it. */
export interface StagedDirectory {
  readonly stagedPath: string
  readonly finalPath: string
  readonly entry: DirectoryEntry
  readonly entries: readonly TreeEntry[]
  /** Raw digests of `entries`, one after the other; zeros for a link. */
  readonly digests: Buffer
  /** What `entries` were when they were finished, one after the other. */
  readonly identities: Float64Array
  /** Its subdirectories, in the order of `entries`. */
  readonly children: StagedDirectory[]
  /** Where its own identity belongs; undefined for an output, which gets its last change in its place. */
  readonly place: IdentityPlace | undefined
}
