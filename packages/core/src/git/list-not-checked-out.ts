import { isTaskVaultError } from '../errors.ts'
import { runGit, splitRecords } from './run-git.ts'
import type { GitOptions } from './run-git.ts'

/**
 * Those of the paths that git tracks but keeps out of the work tree, as in a sparse checkout; none if git cannot tell.
 * @param paths relative to the work tree, with `/`; of files.
 */
export function listNotCheckedOut(paths: readonly string[], options: GitOptions): string[] {
  const words = ['--literal-pathspecs', 'ls-files', '-t', '-z', '--', ...paths]
  try {
    const records = splitRecords(runGit(words, options)).map(String)
    return records.filter((record) => record.startsWith('S ')).map((record) => record.slice(2))
  } catch (error) {
    if (isTaskVaultError(error, 'GIT_FAILED')) return []
    throw error
  }
}
