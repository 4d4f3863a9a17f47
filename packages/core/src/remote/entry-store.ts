import type { BlobName } from '../model/blob-name.ts'
import type { TaskKey } from '../model/digest.ts'
import type { EntryDraft, EntryRecord } from '../model/entry-record.ts'
import type { TaskName } from '../model/task.ts'
import type { CallOptions } from './blob-store.ts'

export type PublishOutcome =
  | { readonly kind: 'published'; readonly record: EntryRecord }
  /** There already is an entry with this key, and it stays as it is. `isSame`: it has the same manifest. */
  | { readonly kind: 'known'; readonly record: EntryRecord; readonly isSame: boolean }
  /** These blobs were missing at publication. Put them, and publish again. */
  | { readonly kind: 'blobs-missing'; readonly names: readonly BlobName[] }
  /** The store is read-only, or this caller may not write. `because` is for people. */
  | { readonly kind: 'skipped'; readonly because: string }

export interface EntryQuery {
  readonly task?: TaskName
  /** A prefix of task names, instead of `task`. */
  readonly taskPrefix?: string
  /** A prefix of the key's hexadecimal digits. */
  readonly keyPrefix?: string
  /** At most this many, newest first. */
  readonly limit: number
  /**
   * The `id` of the last record of the page before. If that record has been removed since, no record is left out, but some
   * may be repeated.
   */
  readonly after?: string
}

/**
 * The entries of a store. The contract of every implementation:
 *
 * - An entry is visible whole or not at all. `publish` resolves only when the entry survives the death of any process. It is
 *   refused unless every blob that the entry needs is there; none of them disappears while the entry exists.
 * - `publish` returns `known` before it checks for blobs, so a caller that publishes first and then sends what is missing
 *   sends nothing in vain.
 * - Write-once: within a scope, the first entry of a key stays until it is removed or expires. Of many concurrent writers,
 *   exactly one gets `published`.
 * - `find` returns the entry from the caller's own scope, or else from the more trusted ones, but never an expired or
 *   quarantined one. What the caller may not see does not exist.
 * - Failures are those of a BlobStore.
 */
export interface EntryStore {
  find(task: TaskName, key: TaskKey, options?: CallOptions): Promise<EntryRecord | undefined>
  /** Newest first. */
  list(query: EntryQuery, options?: CallOptions): Promise<readonly EntryRecord[]>
  publish(draft: EntryDraft, options?: CallOptions): Promise<PublishOutcome>
  /** Returns whether the entry existed. */
  remove(record: EntryRecord, options?: CallOptions): Promise<boolean>
}
