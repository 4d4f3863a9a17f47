import type { EntryRecord } from '../../../model/entry-record.ts'
import type { BlobStore } from '../../../remote/blob-store.ts'

/** An entry of the remote store, and where its blobs are. */
export interface Fetching {
  /** Verified: what it gives without throwing are the bytes that were asked for. */
  readonly blobs: BlobStore
  readonly record: EntryRecord
}
