import { TaskVaultError } from '../errors.ts'
import { findRepository } from './find-repository.ts'
import { runGit } from './run-git.ts'
import type { Environment } from './run-git.ts'

export interface CommitsRequest {
  /** Absolute; inside of the work tree. */
  readonly directory: string
  readonly env: Environment
}

/**
 * The commits that are in HEAD's history and not before `commit`, itself included: what was made
 * there is up to date. `commit` is whatever git takes for one.
 * @throws {TaskVaultError} GIT_FAILED when there is no repository or no such commit, or when the
 * commit is not in HEAD's history, so that everything would count as outdated.
 */
export function listCommitsSince(
  commit: string,
  { directory, env }: CommitsRequest,
): ReadonlySet<string> {
  const workTree = findRepository(directory)?.repository.workTree
  if (workTree === undefined) {
    throw new TaskVaultError('GIT_FAILED', `${directory} is in no git repository`, {
      hint: 'Name a task or a key instead of a commit.',
    })
  }
  const git = (...args: readonly string[]): string =>
    runGit(args, { workTree, project: workTree, env }).toString('latin1').trim()
  // Resolved first: what begins with a hyphen must not be read as an option.
  const id = git('rev-parse', '--verify', '--quiet', '--end-of-options', `${commit}^{commit}`)
  const common = git('merge-base', id, 'HEAD')
  if (common !== id) {
    throw new TaskVaultError('GIT_FAILED', `${commit} is not in the history of HEAD`, {
      hint: 'Name a commit that HEAD descends from; `git log` lists them.',
    })
  }
  const later = git('rev-list', `${id}..HEAD`)
  return new Set([id, ...later.split('\n').filter((line) => line !== '')])
}
