import type { BlobStore } from './blob-store.ts'
import type { EntryStore } from './entry-store.ts'

/** The two halves of a store that is elsewhere. Each wrapper takes one and gives another. */
export interface RemoteStores {
  readonly blobs: BlobStore
  readonly entries: EntryStore
}
