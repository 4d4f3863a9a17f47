import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openRepository } from './find-repository.ts'
import type { Repository } from './find-repository.ts'
import { runGit, splitRecords } from './run-git.ts'
import type { Environment } from './run-git.ts'

export interface Checkout {
  /** What is checked out: the id of a tree or of a commit. */
  readonly treeish: string
  /** The commit that HEAD is there; the same as in the repository's work tree unless given. */
  readonly head?: string
  /** An empty directory, absolute. */
  readonly directory: string
  /** A directory for git's own files, absolute; it is made. */
  readonly gitDirectory: string
  readonly env: Environment
}

/*
 * The user's configuration may say how a work tree of theirs is to be thinned out, or watched; it may
 * also name hooks (see run-git.ts), of which none is to run for a checkout that nobody asked for.
 */
const WHOLE = [
  'core.sparseCheckout=false',
  'core.splitIndex=false',
  'core.untrackedCache=false',
  'index.sparse=false',
  'submodule.recurse=false',
].flatMap((setting) => ['-c', setting])

const SUBMODULE = '160000'

/**
 * Checks a tree out into a directory of its own, which git takes for a work tree of the repository: it
 * has HEAD and index to itself, and shares everything else. Unlike `git worktree add`, nothing is
 * written to the repository, so that nothing stays there whoever dies. Submodules that are checked out
 * in the repository's work tree are checked out here as well, at their recorded commits.
 * @throws {TaskVaultError} GIT_FAILED, as when blobs are missing in a partial clone.
 */
export function checkOut(repository: Repository, checkout: Checkout): void {
  const { treeish, directory, gitDirectory, env } = checkout
  prepareGitDirectory(repository, checkout)
  const options = { workTree: directory, project: repository.workTree, env }
  const git = (...args: readonly string[]): Buffer => runGit([...WHOLE, ...args], options)
  git('read-tree', '--reset', '-u', '--no-recurse-submodules', treeish)
  for (const { path, commit } of listSubmodules(git('ls-files', '--stage', '-z'))) {
    const submodule = openRepository(join(repository.workTree, path))
    if (submodule === undefined) continue
    const name = path.replaceAll('/', '%')
    checkOut(submodule, {
      treeish: commit,
      head: commit,
      directory: join(directory, path),
      gitDirectory: `${gitDirectory}-${name}`,
      env,
    })
  }
}

function prepareGitDirectory(repository: Repository, checkout: Checkout): void {
  const { head, directory, gitDirectory } = checkout
  mkdirSync(gitDirectory)
  const headFile = join(gitDirectory, 'HEAD')
  if (head === undefined) copyFileSync(join(repository.gitDirectory, 'HEAD'), headFile)
  else writeFileSync(headFile, `${head}\n`)
  writeFileSync(join(gitDirectory, 'commondir'), `${repository.commonDirectory}\n`)
  writeFileSync(join(directory, '.git'), `gitdir: ${gitDirectory}\n`)
}

function listSubmodules(listing: Buffer): { path: string; commit: string }[] {
  return splitRecords(listing).flatMap((record) => {
    const tab = record.indexOf(0x09)
    const [mode, commit = ''] = record.toString('latin1', 0, tab).split(' ')
    return mode === SUBMODULE ? [{ path: record.toString('utf8', tab + 1), commit }] : []
  })
}
