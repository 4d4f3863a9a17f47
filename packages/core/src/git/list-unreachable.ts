import { needRepository } from './need-repository.ts'
import { startGit } from './run-git.ts'
import type { Environment, GitOptions } from './run-git.ts'

export interface UnreachableRequest {
  /** Absolute; inside of the work tree. */
  readonly directory: string
  readonly env: Environment
}

const COMMIT_ID = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/

/**
 * Those of the commits that the repository has, and that no branch, tag, remote branch or HEAD of a
 * work tree leads to any more: amended, rebased away, or of a branch that was deleted. Commits that
 * it does not have are not among them: nothing says what became of another repository's.
 * @throws {TaskVaultError} GIT_FAILED when there is no repository.
 */
export async function listUnreachable(
  commits: Iterable<string>,
  { directory, env }: UnreachableRequest,
): Promise<ReadonlySet<string>> {
  const { workTree } = needRepository(directory, 'Name a task or a key instead.').repository
  const options = { workTree, project: workTree, env }
  const asked = [...new Set(commits)].filter((commit) => COMMIT_ID.test(commit))
  const present = await listPresent(asked, options)
  if (present.length === 0) return new Set()
  const listing = await ask(['rev-list', '--not', '--all', '--not', '--stdin'], present, options)
  const unreachable = new Set(listing)
  return new Set(present.filter((commit) => unreachable.has(commit)))
}

async function listPresent(ids: readonly string[], options: GitOptions): Promise<string[]> {
  const lines = await ask(['cat-file', '--batch-check=%(objectname) %(objecttype)'], ids, options)
  return lines.filter((line) => line.endsWith(' commit')).map((line) => line.split(' ')[0] ?? '')
}

/** The lines that git answers lines with. */
async function ask(
  args: readonly string[],
  lines: readonly string[],
  options: GitOptions,
): Promise<string[]> {
  const git = startGit(args, options)
  git.child.stdin.end(lines.map((line) => `${line}\n`).join(''))
  let answer = ''
  git.child.stdout.setEncoding('latin1')
  for await (const piece of git.child.stdout) answer += piece as string
  await git.finish()
  return answer.split('\n').filter((line) => line !== '')
}
