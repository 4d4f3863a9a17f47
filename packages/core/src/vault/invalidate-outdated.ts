import { listCommitsSince } from '../git/list-commits-since.ts'
import { listUnreachable } from '../git/list-unreachable.ts'
import type { Environment } from '../git/run-git.ts'
import { listEntries } from '../store/entries/entries.ts'
import { invalidate } from '../store/entries/invalidate.ts'
import type { Store } from '../store/store.ts'

export interface RepositoryPlace {
  /** Absolute; inside of the work tree. */
  readonly projectRoot: string
  readonly env: Environment
}

/**
 * Removes entries that were written from a commit before `commit`, or from one that is no ancestor
 * of HEAD any more. An entry whose commit is not known stays: nothing says that it is outdated.
 * Returns how many were removed.
 * @throws {TaskVaultError} GIT_FAILED when there is no repository, or `commit` is not in HEAD's history.
 */
export function invalidateOutdated(store: Store, commit: string, place: RepositoryPlace): number {
  const current = listCommitsSince(commit, { directory: place.projectRoot, env: place.env })
  return invalidate(store, {
    entries: ({ origin }) => origin.commit !== undefined && !current.has(origin.commit),
  })
}

/**
 * Removes entries that were written from a commit which nothing in the repository leads to any more.
 * Entries of commits that it does not know stay. Returns how many were removed.
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
