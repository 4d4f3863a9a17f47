import type { BlobName } from '../model/blob-name.ts'
import type { NeededBlob } from '../model/entry-record.ts'

/** The bytes from `start` up to, but not including, `end`. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** Bytes that arrive in pieces, in order. Stopping early ends the transfer. */
export type ByteStream = AsyncIterable<Uint8Array>

/** A blob to send. */
export interface BlobContent extends NeededBlob {
  /** Returns the bytes from the start at each call, because a failed transfer is retried. */
  open(): ByteStream
}

export interface CallOptions {
  /** Ends the call; it rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

export interface GetOptions extends CallOptions {
  readonly range?: ByteRange
  /** Whether the caller reads a part, and verifies it itself. */
  readonly isPart?: boolean
}

export interface CheckOptions extends CallOptions {
  /** Told how many bytes have come, where they come here to be read. */
  readonly onBytes?: (count: number) => void
}

/**
 * What happened to a blob that was sent.
 * - `stored`: it is new in the store.
 * - `known`: the store already had it; possibly nothing was sent.
 * - `skipped`: the store takes no blobs (it is read-only).
 */
export type PutOutcome = 'stored' | 'known' | 'skipped'

/**
 * Immutable bytes, named by their digest. The contract of every implementation:
 *
 * - At every moment, a blob is there whole or not at all, whichever process writes or dies.
 * - `put` resolves only when the blob survives the death of any process. Bytes that do not match the digest in their name
 *   are refused with BLOB_CORRUPT and leave nothing behind. Putting an existing blob is harmless, even from many places
 *   at once.
 * - `get` returns the bytes as stored; the caller verifies them. A blob that is missing, or that the caller may not see, is
 *   undefined, never an exception. A broken stream throws; it never ends early as if it were complete.
 * - A blob can disappear later (by collection), unless a published entry needs it; one that is damaged always can.
 * - Failures: REMOTE_UNAVAILABLE (may work later; safe to retry), REMOTE_REFUSED (do not retry), REMOTE_INVALID (the
 *   remote store sent an invalid answer), and what this machine refused.
 */
export interface BlobStore {
  /** Returns those of `names` that are not in the store, in the same order, each once. */
  findMissing(names: readonly BlobName[], options?: CallOptions): Promise<readonly BlobName[]>
  put(content: BlobContent, options?: CallOptions): Promise<PutOutcome>
  get(name: BlobName, options?: GetOptions): Promise<ByteStream | undefined>
  /**
   * Has a blob that somebody found damaged read again where it lies. If it is, it is removed, so that it can be put again;
   * with it, if the store knows them, the entries that need it. Does nothing for a caller that may not write.
   */
  check(blob: NeededBlob, options?: CheckOptions): Promise<void>
}
