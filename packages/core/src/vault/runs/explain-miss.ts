import { isTaskVaultError } from '../../errors.ts'
import { compareEncoded } from '../../model/compare-encoded.ts'
import type { ChangeReason } from '../../model/explain.ts'
import { encodingOf } from '../../model/fingerprint.ts'
import type { KeyedFingerprint } from '../../model/fingerprint.ts'
import type { TaskName } from '../../model/task.ts'
import { findRecentEntries, listEntries } from '../../store/entries/entries.ts'
import type { EntryRow } from '../../store/entries/entries.ts'
import type { Store } from '../../store/store.ts'
import type { OpenParts } from '../open-parts.ts'
import { readEncodedFingerprint } from '../read-encoded-fingerprint.ts'
import { readNewestFingerprint } from '../sharing/receiving/read-remote-manifest.ts'

/** How many of a task's entries are compared; more would take longer than they explain. */
const COMPARED_ENTRIES = 5

/**
 * Why there is no entry for this work: what differs from the nearest of the task's entries that were used or
 * published last, the one with the fewest differences; `first-run` when the task has none. What cannot be read is
 * passed over: a miss must not fail because it cannot be explained.
 */
export async function explainMiss(
  parts: Pick<OpenParts, 'store' | 'remote'>,
  task: TaskName,
  work: KeyedFingerprint,
): Promise<ChangeReason[]> {
  const { store } = parts
  const after = encodingOf(work)
  let nearest: ChangeReason[] | undefined
  for (const entry of entriesToCompare(store, task)) {
    const reasons = await unlessUnreadable(async () => {
      const before = await readEncodedFingerprint(store, entry)
      return before && compareEncoded(before, after)
    })
    // Equal fingerprints under another key: of another format, so nothing is explained by it.
    if (reasons === undefined || reasons.length === 0) continue
    if (nearest === undefined || countOf(reasons) < countOf(nearest)) nearest = reasons
    if (countOf(nearest) === 1) break
  }
  return nearest ?? (await explainByRemote(parts, task, after)) ?? [{ kind: 'first-run' }]
}

/** Where this machine knows nothing of a task, somebody else's newest entry tells what has changed. */
async function explainByRemote(
  parts: Pick<OpenParts, 'store' | 'remote'>,
  task: TaskName,
  after: Buffer,
): Promise<ChangeReason[] | undefined> {
  if (parts.remote === undefined) return undefined
  return await unlessUnreadable(async () => {
    const before = await readNewestFingerprint(parts, task)
    const reasons = before === undefined ? [] : compareEncoded(before, after)
    return reasons.length === 0 ? undefined : reasons
  })
}

/** What is changed is mostly what was in use before, however many others were saved since it was published. */
function entriesToCompare(store: Store, task: TaskName): EntryRow[] {
  try {
    const recent = findRecentEntries(store, task, COMPARED_ENTRIES)
    return recent.length > 0 ? recent : listEntries(store, { task, limit: COMPARED_ENTRIES })
  } catch (error) {
    if (isTaskVaultError(error)) return []
    throw error
  }
}

async function unlessUnreadable<Result>(
  read: () => Promise<Result | undefined>,
): Promise<Result | undefined> {
  try {
    return await read()
  } catch (error) {
    if (isTaskVaultError(error)) return undefined
    throw error
  }
}

/** How many differences there are, those that are not listed included. */
function countOf(reasons: readonly ChangeReason[]): number {
  return reasons.reduce((sum, reason) => sum + (reason.kind === 'and-more' ? reason.count : 1), 0)
}
