import type { Repository } from './find-repository.ts'
import { readLooseObject } from './read-loose-object.ts'
import { runGit } from './run-git.ts'
import type { GitOptions } from './run-git.ts'

const TREE_LINE = /^tree ([0-9a-f]+)\n/

/**
 * The id of a commit's tree.
 * @throws {TaskVaultError} GIT_FAILED when there is no such commit.
 */
export function readTreeId(commit: string, repository: Repository, git: GitOptions): string {
  const text = readLooseObject('commit', commit, repository)?.toString('latin1') ?? ''
  const found = TREE_LINE.exec(text)?.[1]
  if (found !== undefined) return found
  const name = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${commit}^{tree}`]
  return runGit(name, git).toString('latin1').trim()
}
