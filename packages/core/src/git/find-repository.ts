import { lstatSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { relativePathOf } from '../files/relative-path-of.ts'

/** A git work tree, found without asking git: key computation must also work where git is not installed. */
export interface Repository {
  /** Absolute, symlinks resolved. */
  readonly workTree: string
  /** Holds `index`; differs from `commonDirectory` in a linked work tree. */
  readonly gitDirectory: string
  /** Holds `config` and `info/exclude`. */
  readonly commonDirectory: string
}

/** The repository that a directory belongs to, and the directory's place in it. */
export interface RepositoryPlace {
  readonly repository: Repository
  /** Path relative to the work tree with `/`, and `/` at its end; empty for the work tree itself. */
  readonly prefix: string
}

/** Looks for the innermost work tree around a directory, as git does. */
export function findRepository(directory: string): RepositoryPlace | undefined {
  const start = realpathSync(directory)
  for (let at = start; ; at = dirname(at)) {
    const repository = openRepository(at)
    if (repository !== undefined) {
      const inside = relativePathOf(start, at)
      return { repository, prefix: inside === '' ? '' : `${inside}/` }
    }
    if (dirname(at) === at) return undefined
  }
}

/** The repository whose work tree is rooted in exactly this directory. */
export function openRepository(workTree: string): Repository | undefined {
  const link = join(workTree, '.git')
  const stats = lstatSync(link, { throwIfNoEntry: false })
  if (stats === undefined) return undefined
  const gitDirectory = stats.isFile() ? readGitLink(link) : link
  // Something else that is called .git; git goes on to the directory above too.
  if (gitDirectory === undefined || readSmallFile(join(gitDirectory, 'HEAD')) === undefined)
    return undefined
  const common = readSmallFile(join(gitDirectory, 'commondir'))?.trim()
  const commonDirectory = common === undefined ? gitDirectory : resolve(gitDirectory, common)
  return { workTree, gitDirectory, commonDirectory }
}

/** Linked work trees and submodules have a file `.git` that says `gitdir: <path>`. */
function readGitLink(file: string): string | undefined {
  const target = /^gitdir: (.+?)\r?\n?$/s.exec(readSmallFile(file) ?? '')?.[1]
  return target === undefined ? undefined : resolve(dirname(file), target)
}

/** A file's text, or undefined when it cannot be read. */
export function readSmallFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
