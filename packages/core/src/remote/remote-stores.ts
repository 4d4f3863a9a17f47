import type { BlobStore } from './blob-store.ts'
import type { EntryStore } from './entry-store.ts'
import type { ArchiveStore } from './github/github-archives.ts'

/** The two halves of a store that is elsewhere. Each wrapper takes one and gives another. */
export interface RemoteStores {
  readonly blobs: BlobStore
  readonly entries: EntryStore
  /** Of GitHub's cache service: what other actions keep there. */
  readonly archives?: ArchiveStore | undefined
}
