import type { BlobName, ByteRange, ByteStream, EntryRecord, SignedRequest } from '@taskvault/core'
import type { Principal } from '../trust/principal.ts'

/*
 * What every protocol calls. A protocol maps its own words to these: it decides nothing about trust,
 * and touches neither the database nor the objects.
 *
 * Entries of all protocols are alike: a namespace (`task:unit_tests` for ours, the protocol's own for
 * others), a key (any text of at most 512 characters), and blobs in an order that the protocol knows.
 */

/** A blob as it lies in the store. */
export interface BlobRow {
  readonly name: BlobName
  readonly sizeBytes: number
}

/** What a protocol publishes. */
export interface NewEntry {
  readonly namespace: string
  readonly key: string
  /** All blobs that the entry needs, in the protocol's order. */
  readonly blobs: readonly BlobRow[]
  /** Told apart from another entry of the same key by this text: the manifest's name for ours. */
  readonly content: string
  /** What of the record the protocol wants back; JSON, at most 16 KiB. */
  readonly details: Readonly<Record<string, unknown>>
  /** Milliseconds that the work took; for the metrics of time saved. */
  readonly durationMs: number
  /** Raw bytes of what the entry restores. */
  readonly sizeBytes: number
  readonly expiresAtMs: number | undefined
}

export interface StoredEntry extends NewEntry {
  readonly id: string
  readonly scope: string
  readonly createdAtMs: number
  readonly accessedAtMs: number
  readonly hits: number
  readonly writer: EntryRecord['writer']
  readonly restored: readonly string[]
  readonly signature: EntryRecord['signature']
  readonly isQuarantined: boolean
}

export type Publication =
  | { readonly kind: 'published'; readonly entry: StoredEntry }
  | { readonly kind: 'known'; readonly entry: StoredEntry; readonly isSame: boolean }
  | { readonly kind: 'blobs-missing'; readonly names: readonly BlobName[] }

export interface UploadRequest extends BlobRow {
  /** Of the stored bytes, in hexadecimal; without it, the blob travels through the server. */
  readonly sha256?: string | undefined
}

export interface UploadPlan extends BlobRow {
  /** Undefined: send it to the server itself. */
  readonly direct: SignedRequest | undefined
}

export interface OpenedBlob extends BlobRow {
  /** Of the range that was asked for. */
  readonly bytes: ByteStream
  readonly range: ByteRange
}

export interface EntrySelection {
  readonly namespace?: string | undefined
  /** In the place of `namespace`. */
  readonly namespacePrefix?: string | undefined
  readonly keyPrefix?: string | undefined
  readonly limit: number
  /** Id of the last entry of the page before. */
  readonly after?: string | undefined
}

export interface EngineStats {
  readonly entries: number
  readonly entryBytes: number
  readonly storedBytes: number
  readonly hits: number
  readonly misses: number
  readonly saves: number
  readonly evictions: number
  readonly savedMs: number
}

/** One entry, and the entries that its job had restored before it was written, to the beginning. */
export interface Provenance {
  readonly entry: StoredEntry
  readonly restored: readonly Provenance[]
}

/**
 * Everything that a caller may do, on behalf of a principal. Each method checks the principal's role
 * and scopes itself; what the principal may not see does not exist (undefined, or NOT_FOUND). Every
 * change writes its audit line in the same transaction.
 * @throws {TaskVaultError} FORBIDDEN, QUOTA_EXCEEDED, REQUEST_INVALID, BLOB_CORRUPT, DATABASE_UNAVAILABLE, …
 */
export interface Engine extends AsyncDisposable {
  /** Those of `names` that the principal cannot rely on: in no scope that it may read. */
  findMissing(who: Principal, names: readonly BlobName[]): Promise<readonly BlobName[]>
  /** How to send each blob that is missing; blobs that are there are left out. */
  planUploads(who: Principal, blobs: readonly UploadRequest[]): Promise<readonly UploadPlan[]>
  /** Blobs that were sent straight to the bucket: checked there, then they count. Gives those that are not there. */
  confirmUploads(who: Principal, blobs: readonly UploadRequest[]): Promise<readonly BlobName[]>
  /** Takes a blob in, verified while it streams; false when it was there. BLOB_CORRUPT leaves nothing behind. */
  storeBlob(who: Principal, blob: BlobRow, bytes: ByteStream): Promise<boolean>
  /** Takes bytes in whose name is not known before they end. */
  storeUnnamed(who: Principal, bytes: ByteStream, limitBytes: number): Promise<BlobRow>
  /** The request to fetch a blob straight from the bucket, where that is possible and configured. */
  signDownload(who: Principal, name: BlobName): Promise<SignedRequest | undefined>
  openBlob(
    who: Principal,
    name: BlobName,
    range?: Partial<ByteRange>,
  ): Promise<OpenedBlob | undefined>
  headBlob(who: Principal, name: BlobName): Promise<BlobRow | undefined>
  /**
   * Reads a blob where it lies, in each scope that the principal may read. If it is damaged, it is removed, with the
   * entries that need it, so that the work is saved again.
   */
  checkBlob(who: Principal, name: BlobName): Promise<void>

  publish(who: Principal, entry: NewEntry): Promise<Publication>
  /** Own scope first, then more trusted ones. Counts as a use, and as restored by the session. */
  find(who: Principal, place: { namespace: string; key: string }): Promise<StoredEntry | undefined>
  /** In each scope in turn: the newest whose key begins with `prefix`. Counts as a use. */
  findByPrefix(
    who: Principal,
    place: { namespace: string; prefix: string },
  ): Promise<StoredEntry | undefined>
  /** Newest first; no use is counted. Fewer than `limit` where entries are large: then there may be more. */
  list(who: Principal, selection: EntrySelection): Promise<readonly StoredEntry[]>
  show(who: Principal, id: string): Promise<StoredEntry | undefined>
  remove(who: Principal, id: string): Promise<boolean>
  /** How many entries went. */
  invalidate(who: Principal, selection: Omit<EntrySelection, 'limit' | 'after'>): Promise<number>
  stats(who: Principal): Promise<EngineStats>
  why(who: Principal, id: string): Promise<Provenance | undefined>
  /** The entry, and all that were made by jobs that had restored it; the ids that were quarantined by this call. */
  quarantine(who: Principal, id: string, because: string): Promise<readonly string[]>

  /** Throws when the database or the objects cannot be reached. */
  checkHealth(): Promise<void>
}
