import path from 'node:path'
import type { Repository } from '../git/find-repository.ts'
import { listChanges } from '../git/list-changes.ts'
import type { WorkTreeChange } from '../git/list-changes.ts'
import { findIndexFile } from '../git/open-index.ts'
import type { Environment } from '../git/run-git.ts'
import { stampOf } from './watch-index.ts'

/** A look at the work tree that goes on beside whatever else is done; given up when disposed. */
export interface EarlyLook extends Disposable {
  /**
   * What it saw, once. Undefined where somebody has to look again: the index is another one by now, or the
   * look has been waiting for so long that it says little of the tree in which a task would run.
   * @throws {TaskVaultError} GIT_FAILED.
   */
  take(): Promise<readonly WorkTreeChange[] | undefined>
}

export interface EarlyLookRequest {
  readonly repository: Repository
  /** Absolute. */
  readonly projectRoot: string
  readonly env: Environment
  /** Milliseconds that only go forward. */
  readonly now: () => number
}

/** As long as it may take until a task starts, and not as long as a remote store or another run may. */
const HOLDS_FOR_MS = 2_000

/**
 * Begins to look where the work tree is not what the index says. It takes git as long as to find out what
 * a task depends on takes us, which is why nobody waits for either to begin with the other.
 */
export function beginLook({ repository, projectRoot, env, now }: EarlyLookRequest): EarlyLook {
  const index = findIndexFile(repository, env) ?? path.join(repository.gitDirectory, 'index')
  const begun = { stamp: stampOf(index), atMs: now() }
  const abort = new AbortController()
  let changes: Promise<readonly WorkTreeChange[]> | undefined = listChanges({
    projectRoot,
    env,
    beside: abort.signal,
  })
  // Whoever takes it meets the failure.
  changes.catch(() => {})
  return {
    async take() {
      const taken = now() - begun.atMs <= HOLDS_FOR_MS ? changes : undefined
      changes = undefined
      const seen = await taken
      return stampOf(index) === begun.stamp ? seen : undefined
    },
    [Symbol.dispose]: () => abort.abort(),
  }
}
