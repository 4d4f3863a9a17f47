import type { Listing } from '../scanning/listing.ts'

/** A blob that holds something: one in the store, or one that is being written. */
export interface Place {
  /** Undefined until the blob is in the store. */
  number: number | undefined
}

/** Where a scan leaves the contents that it reads, and asks which of them need no reading. */
export interface ContentSink {
  /** Whether the scan should yield before it adds more: too much is waiting to be compressed. */
  readonly isFull: boolean
  /** The place of a content, when this save has stored it or an earlier one did and it is still there. */
  find(digest: Buffer): Place | undefined
  /** Every place of a content that may have been cut into chunks; undefined when any is missing. */
  findLarge(digest: Buffer): readonly Place[] | undefined
  /** Stores a content unless it is stored already; `bytes` are copied. */
  add(digest: Buffer, bytes: Uint8Array): Place
  /** The same for a directory's node, which may be large. @returns every place of it. */
  addNode(digest: Buffer, bytes: Uint8Array): readonly Place[]
  /** Stores the record of a large content whose chunks were added before; gives every place of it. */
  addChunked(digest: Buffer, length: number, chunks: readonly Buffer[]): readonly Place[]
  /**
   * Takes all of `blobs` into this save; false, and nothing taken, when they are not known or one of
   * them is gone.
   */
  reuse(blobs: readonly number[] | undefined): boolean
  /** Writes the listing to the stat cache once all `places` are in the store. */
  remember(absoluteDirectory: string, listing: Listing, places: ReadonlySet<Place>): void
}
