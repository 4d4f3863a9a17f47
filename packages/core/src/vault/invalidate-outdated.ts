import { listCommitsSince } from '../git/list-commits-since.ts'
import { listUnreachable } from '../git/list-unreachable.ts'
import type { Environment } from '../git/run-git.ts'
import { listEntries } from '../store/entries/entries.ts'
import { invalidate } from '../store/entries/invalidate.ts'
import type { Store } from '../store/store.ts'

export interface RepositoryPlace {
  /** Absolute; within the work tree. */
  readonly projectRoot: string
  readonly env: Environment
}

/**
 * Removes entries written from a commit before `commit`, or from one that is no longer an ancestor of HEAD. Entries
 * without a known commit stay. Returns how many were removed.
 * @throws {TaskVaultError} GIT_FAILED when there is no repository, or `commit` is not in HEAD's history.
 */
export function invalidateOutdated(store: Store, commit: string, place: RepositoryPlace): number {
  const current = listCommitsSince(commit, { directory: place.projectRoot, env: place.env })
  return invalidate(store, {
    entries: ({ origin }) => origin.commit !== undefined && !current.has(origin.commit),
  })
}

/**
 * Removes entries written from a commit that is no longer reachable in the repository. Entries of commits that the
 * repository does not have stay. Returns how many were removed.
 * @throws {TaskVaultError} GIT_FAILED when there is no repository.
 */
export async function invalidateUnreachable(store: Store, place: RepositoryPlace): Promise<number> {
  const { projectRoot: directory, env } = place
  const commits = listEntries(store).flatMap(({ origin }) => origin.commit ?? [])
  const gone = await listUnreachable(commits, { directory, env })
  if (gone.size === 0) return 0
  return invalidate(store, {
    entries: ({ origin }) => origin.commit !== undefined && gone.has(origin.commit),
  })
}
