import type { BlobName } from '../model/blob-name.ts'
import type { TaskKey } from '../model/digest.ts'
import type { EntryDraft, EntryRecord } from '../model/entry-record.ts'
import type { TaskName } from '../model/task.ts'
import type { CallOptions } from './blob-store.ts'

export type PublishOutcome =
  | { readonly kind: 'published'; readonly record: EntryRecord }
  /** An entry with this key is there already. It stays as it is; `isSame`: it has the same manifest. */
  | { readonly kind: 'known'; readonly record: EntryRecord; readonly isSame: boolean }
  /** These were not there when it came to it. Put them, and publish again. */
  | { readonly kind: 'blobs-missing'; readonly names: readonly BlobName[] }
  /** This store, or this caller, may not write. `because` is for people. */
  | { readonly kind: 'skipped'; readonly because: string }

export interface EntryQuery {
  readonly task?: TaskName
  /** What a task's name begins with, in the place of `task`. */
  readonly taskPrefix?: string
  /** Of the key's hexadecimal digits. */
  readonly keyPrefix?: string
  /** At most this many, newest first. */
  readonly limit: number
  /**
   * The `id` of the last record of an earlier page, after which this one continues. When that is removed by
   * now, nothing is left out; records of earlier pages may come again.
   */
  readonly after?: string
}

/**
 * Which entries there are. The contract of every implementation:
 *
 * - An entry is seen whole or not at all. `publish` resolves only when it outlives the death of any
 *   process, and is refused unless every blob it needs is there; from then on none of them goes while
 *   the entry is there.
 * - `publish` says `known` before it asks for blobs: whoever publishes first, and sends what is missing
 *   then, sends nothing in vain.
 * - Write-once: within a scope, the first entry of a key stays until it is removed or expires. Of
 *   many writers at once, exactly one is told `published`.
 * - `find` answers with the entry from the caller's own scope, else from the more trusted ones; never
 *   with an expired or quarantined one. What the caller may not see does not exist.
 * - Failures are those of a BlobStore.
 */
export interface EntryStore {
  find(task: TaskName, key: TaskKey, options?: CallOptions): Promise<EntryRecord | undefined>
  /** Newest first. */
  list(query: EntryQuery, options?: CallOptions): Promise<readonly EntryRecord[]>
  publish(draft: EntryDraft, options?: CallOptions): Promise<PublishOutcome>
  /** Whether it was there. */
  remove(record: EntryRecord, options?: CallOptions): Promise<boolean>
}
