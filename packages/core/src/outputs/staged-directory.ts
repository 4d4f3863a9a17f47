import type { Listing } from '../files/scanning/listing.ts'
import type { Digest } from '../model/digest.ts'
import type { DirectoryEntry, TreeEntry } from '../model/tree.ts'

/** A directory that is being made out of sight. */
export interface StagedDirectory {
  readonly stagedPath: string
  readonly finalPath: string
  /** For people: declared name and path below it. */
  readonly displayPath: string
  readonly entry: DirectoryEntry
  /**
   * What the stat cache will be told, encoded. Of a name that is not finished, mode and time are what it is to
   * get, the time in microseconds: objects for all names would take ten times the memory.
   */
  readonly listing: Uint8Array
  /** Views into the listing. */
  readonly columns: StagedColumns
  /** Its names, and what counts for a key of the subdirectories that are finished; without any, undefined. */
  readonly nested: NestedNames | undefined
  /** What it is in, and as which of its names; undefined for an output, which gets its last change in its place. */
  readonly parent: { readonly directory: StagedDirectory; readonly index: number } | undefined
  /** How many of its names are no directories. */
  readonly leafCount: number
  /** The device of its files and links. */
  dev: number
  /** How much is left to do in it. */
  unfinished: number
}

export type StagedColumns = Pick<
  Listing,
  'ino' | 'size' | 'mtimeMs' | 'ctimeMs' | 'mode' | 'digests' | 'node'
>

export interface NestedNames {
  readonly entries: readonly TreeEntry[]
  readonly inputs: Map<string, Digest>
}
