import { TaskVaultError, isTaskVaultError } from '../errors.ts'
import { needRepository } from './need-repository.ts'
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
  const hint = 'Name a task or a key instead of a commit.'
  const { workTree } = needRepository(directory, hint).repository
  const git = (...args: readonly string[]): string =>
    runGit(args, { workTree, project: workTree, env }).toString('latin1').trim()
  const id = resolve(git, commit)
  const common = git('merge-base', id, 'HEAD')
  if (common !== id) {
    throw new TaskVaultError('GIT_FAILED', `${commit} is not in the history of HEAD`, {
      hint: 'Name a commit that HEAD descends from; `git log` lists them.',
    })
  }
  const later = git('rev-list', `${id}..HEAD`)
  return new Set([id, ...later.split('\n').filter((line) => line !== '')])
}

/** The commit's id; what begins with a hyphen must not be read as an option later. */
function resolve(git: (...args: readonly string[]) => string, commit: string): string {
  // Fails where git refuses the repository altogether, so that below only the name can be wrong.
  git('rev-parse', '--git-dir')
  try {
    return git('rev-parse', '--verify', '--quiet', '--end-of-options', `${commit}^{commit}`)
  } catch (error) {
    if (!isTaskVaultError(error, 'GIT_FAILED')) throw error
    throw new TaskVaultError('GIT_FAILED', `There is no commit ${JSON.stringify(commit)} here`, {
      hint: 'Correct its name; in a shallow clone, fetch more of the history first.',
      cause: error,
    })
  }
}
