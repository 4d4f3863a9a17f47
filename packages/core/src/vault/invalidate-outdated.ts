import { listCommitsSince } from '../git/list-commits-since.ts'
import type { Environment } from '../git/run-git.ts'
import { invalidate } from '../store/invalidate.ts'
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
