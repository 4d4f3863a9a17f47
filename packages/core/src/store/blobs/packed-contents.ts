import type { Digest } from '../../model/digest.ts'

/** What became of the contents of one save. */
export interface PackedContents {
  /**
   * All contents of a save so small that a pack of its own would be waste; its manifest takes them
   * in. Empty when `blobs` is not.
   */
  readonly inline: readonly InlineContent[]
  /** Every blob that the save needs, without repetition. */
  readonly blobs: readonly UsedBlob[]
  /** Bytes that this save added to the store. */
  readonly storedBytes: number
}

export interface InlineContent {
  readonly digest: Buffer
  readonly bytes: Uint8Array
}

export interface UsedBlob {
  readonly number: number
  readonly digest: Digest
}
