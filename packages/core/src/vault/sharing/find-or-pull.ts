import type { ChangeReason } from '../../model/explain.ts'
import type { KeyedFingerprint } from '../../model/fingerprint.ts'
import type { TaskName } from '../../model/task.ts'
import { findEntry } from '../../store/entries/entries.ts'
import type { EntryRow } from '../../store/entries/entries.ts'
import type { OpenParts } from '../open-parts.ts'
import { pullEntry } from './pull-entry.ts'
import type { PullRequest, Pulled } from './pull-entry.ts'

/** The local store's entry of a key, and how it came there if it has just come. */
export interface Found {
  readonly kind: 'found'
  readonly entry: EntryRow
  readonly pulled: Pulled | undefined
}

export interface NotFound {
  readonly kind: 'not-found'
  /** Undefined when there never was one, as far as is known. */
  readonly because: ChangeReason | undefined
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
): Promise<Found | NotFound> {
  const { key } = work
  const before = findEntry(parts.store, { scope: 'local', key })
  if (before !== undefined && !before.isExpired)
    return { kind: 'found', entry: before, pulled: undefined }
  const outcome = await pullEntry(parts, { task, key, ...how })
  const pulled = outcome?.kind === 'pulled' ? outcome : undefined
  const entry = pulled === undefined ? before : findEntry(parts.store, { scope: 'local', key })
  if (entry !== undefined && !entry.isExpired) return { kind: 'found', entry, pulled }
  if (entry !== undefined) return { kind: 'not-found', because: { kind: 'expired' } }
  return { kind: 'not-found', because: outcome?.kind === 'damaged' ? outcome : undefined }
}
