import type { BlobName } from '../model/blob-name.ts'
import type { NeededBlob } from '../model/entry-record.ts'

/** Bytes `start` up to, and without, `end`. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** Bytes that arrive in pieces, in order. Whoever stops reading early ends the transfer. */
export type ByteStream = AsyncIterable<Uint8Array>

/** The bytes of a blob that is sent. */
export interface BlobContent extends NeededBlob {
  /** Starts over at each call: a failed transfer is tried again. */
  open(): ByteStream
}

export interface CallOptions {
  /** Ends the call; it rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

export interface GetOptions extends CallOptions {
  readonly range?: ByteRange
  /** Whether the caller verifies what it reads: of a part, nobody else can. */
  readonly isPart?: boolean
}

/**
 * What became of a blob that was sent.
 * - `stored`: it is there now, and was not before.
 * - `known`: it was there; maybe nothing was sent.
 * - `skipped`: this store takes no blobs (it is read-only).
 */
export type PutOutcome = 'stored' | 'known' | 'skipped'

/**
 * Immutable bytes, named by their digest. The contract of every implementation:
 *
 * - A blob is there whole or not at all, at every moment, whoever writes or dies meanwhile.
 * - `put` resolves only when the blob outlives the death of any process. Bytes that do not have the
 *   digest that their name says are refused with BLOB_CORRUPT and leave nothing behind. Putting what
 *   is there is harmless, also at the same time from many places.
 * - `get` gives the bytes as they are stored: the caller verifies them. A blob that is not there is
 *   undefined, never an exception; nor is one that the caller may not see. A stream that breaks
 *   throws; it never ends early as if it were whole.
 * - A blob that was there can be gone later (it was collected), unless a published entry needs it.
 * - Failures: REMOTE_UNAVAILABLE (may work later; safe to repeat), REMOTE_REFUSED (repeating is no
 *   use), REMOTE_INVALID (the other side answered nonsense), and what the machine refused.
 */
export interface BlobStore {
  /** Those of `names` that are not there, in their order, each once. */
  findMissing(names: readonly BlobName[], options?: CallOptions): Promise<readonly BlobName[]>
  put(content: BlobContent, options?: CallOptions): Promise<PutOutcome>
  get(name: BlobName, options?: GetOptions): Promise<ByteStream | undefined>
}
