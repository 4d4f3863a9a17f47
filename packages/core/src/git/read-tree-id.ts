import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inflateSync } from 'node:zlib'
import type { Repository } from './find-repository.ts'
import { runGit } from './run-git.ts'
import type { GitOptions } from './run-git.ts'

const ID = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/
const COMMIT = /^commit \d+\0tree ([0-9a-f]+)\n/

/**
 * The id of a commit's tree. A commit that was made just now lies in a file of its own, which is read
 * here: asking git takes as long as all that a hook has to do otherwise.
 * @throws {TaskVaultError} GIT_FAILED when there is no such commit.
 */
export function readTreeId(commit: string, repository: Repository, git: GitOptions): string {
  const found = ID.test(commit) ? readLooseCommit(commit, repository) : undefined
  if (found !== undefined) return found
  const name = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${commit}^{tree}`]
  return runGit(name, git).toString('latin1').trim()
}

function readLooseCommit(id: string, { commonDirectory }: Repository): string | undefined {
  try {
    const file = join(commonDirectory, 'objects', id.slice(0, 2), id.slice(2))
    const text = inflateSync(readFileSync(file)).toString('latin1')
    return COMMIT.exec(text)?.[1]
  } catch {
    // In a pack, in another repository's objects, or damaged: git knows.
    return undefined
  }
}
