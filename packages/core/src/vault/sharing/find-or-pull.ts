import type { KeyedFingerprint } from '../../model/fingerprint.ts'
import type { TaskName } from '../../model/task.ts'
import { findEntry } from '../../store/entries/entries.ts'
import type { EntryRow } from '../../store/entries/entries.ts'
import type { OpenParts } from '../open-parts.ts'
import { pullEntry } from './pull-entry.ts'
import type { PullRequest, Pulled } from './pull-entry.ts'

/** The local store's entry of a key, and how it came there if it has just come. */
export interface FoundOrPulled {
  /** Undefined, or expired: there is none to be had. */
  readonly entry: EntryRow | undefined
  readonly pulled: Pulled | undefined
}

/** How it is fetched, too, should it come from the remote store. */
export interface Wanted extends Pick<PullRequest, 'isWhole' | 'onArriving'> {
  readonly task: TaskName
  readonly work: KeyedFingerprint
}

/**
 * Looks in the local store, then in the remote one, whose entry is in the local store when this returns.
 * @throws {TaskVaultError} as the database does.
 */
export async function findOrPull(
  parts: OpenParts,
  { task, work, ...how }: Wanted,
): Promise<FoundOrPulled> {
  const { key } = work
  const entry = findEntry(parts.store, { scope: 'local', key })
  if (entry !== undefined && !entry.isExpired) return { entry, pulled: undefined }
  const pulled = await pullEntry(parts, { task, key, ...how })
  if (pulled === undefined) return { entry, pulled: undefined }
  return { entry: findEntry(parts.store, { scope: 'local', key }), pulled }
}
