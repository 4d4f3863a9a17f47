import { join } from 'node:path'
import { TaskVaultError } from '../errors.ts'
import type { FileInput } from '../model/fingerprint.ts'
import { openRepository } from './find-repository.ts'
import type { Repository } from './find-repository.ts'
import { needRepository } from './need-repository.ts'
import { findIndexFile, readIndex } from './open-index.ts'
import { decodePath } from './parse-index.ts'
import { runGit, splitRecords } from './run-git.ts'
import type { Environment, GitOptions } from './run-git.ts'

/** What git holds instead of a work tree: what is about to be committed, or a commit. */
export type GitSource =
  | { readonly kind: 'index' }
  /** Any name of a commit: `HEAD~2`, a branch, an id. */
  | { readonly kind: 'commit'; readonly commit: string }

/** One file or symlink in the index or a commit. */
export interface GitFile {
  /** Relative to the project root, with `/`. */
  readonly relativePath: string
  /** Whether the path is UTF-8 in git; else it is no exact name. */
  readonly isUtf8: boolean
  readonly kind: FileInput['kind']
  /** Hexadecimal id of the blob; a symlink's is its target's text. */
  readonly blobId: string
  /** How to ask git for the blob. */
  readonly repository: GitOptions
}

export interface ListRequest {
  readonly projectRoot: string
  readonly source: GitSource
  readonly env: Environment
  /** Whether anything below a directory could matter; decides which submodules are looked into. */
  mayContain(relativeDirectory: string): boolean
}

/*
 * The work tree, the index and a commit have the same inputs in a clean checkout:
 *
 * - Here all tracked files are candidates. In the work tree all files are that git does not ignore,
 *   and git never ignores what is tracked (see files/selection/ignore-scope.ts). A clean checkout has no others.
 * - A submodule counts as the files of its recorded commit, as it does in the work tree, and not at
 *   all where it is not checked out. So an edit inside it is noticed in the work tree.
 * - The bytes are those that git stores. Where checking out changes them (line ends by
 *   `core.autocrlf` or `eol`, filters such as Git LFS), the keys differ: a miss, never a wrong hit.
 */

/**
 * All files of the project in the index or a commit; each path once, in no particular order.
 * @throws {TaskVaultError} GIT_FAILED when the project is in no repository, the commit is unknown,
 * or the index has conflicts.
 */
export function listGitFiles(request: ListRequest): GitFile[] {
  const { projectRoot, source, env } = request
  const hint = 'Use the work tree as the source, or run `git init` first.'
  const { repository, prefix } = needRepository(projectRoot, hint)
  const { workTree } = repository
  const options = { workTree, project: workTree, env, indexFile: findIndexFile(repository, env) }
  const entries =
    source.kind === 'index' ? listIndex(repository, options) : listCommit(source.commit, options)
  const inProject = entries
    .filter(({ path }) => path.startsWith(prefix))
    .map((entry) => ({ ...entry, path: entry.path.slice(prefix.length) }))
  return toFiles(inProject, { directory: '', request, options })
}

interface GitEntry {
  readonly path: string
  readonly isUtf8: boolean
  readonly mode: number
  readonly id: string
}

interface Level {
  /** Where the repository lies in the project: empty, or with `/` at its end. */
  readonly directory: string
  readonly request: ListRequest
  readonly options: GitOptions
}

const TYPE_MASK = 0o170_000
const SYMLINK = 0o120_000
const REGULAR = 0o100_000

function toFiles(entries: readonly GitEntry[], level: Level): GitFile[] {
  const { directory, options } = level
  return entries.flatMap(({ path, isUtf8, mode, id }) => {
    const relativePath = directory + path
    const kind = kindOfMode(mode)
    if (kind === undefined) return listSubmodule(relativePath, id, level)
    return [{ relativePath, isUtf8, kind, blobId: id, repository: options }]
  })
}

/** What a mode of git's says of a path; undefined of submodules and of nothing. */
export function kindOfMode(mode: number): FileInput['kind'] | undefined {
  switch (mode & TYPE_MASK) {
    case SYMLINK:
      return 'symlink'
    case REGULAR:
      return (mode & 0o100) === 0 ? 'file' : 'executable'
    default:
      return undefined
  }
}

function listSubmodule(relativePath: string, commit: string, level: Level): GitFile[] {
  const { request, options } = level
  if (!request.mayContain(relativePath)) return []
  const submodule = openRepository(join(request.projectRoot, relativePath))
  if (submodule === undefined) return []
  const own = { workTree: submodule.workTree, project: options.project, env: options.env }
  return toFiles(listCommit(commit, own), { request, directory: `${relativePath}/`, options: own })
}

function listIndex(repository: Repository, options: GitOptions): GitEntry[] {
  const entries = readIndex(repository, options)
  const conflict = entries.find(({ stage }) => stage !== 0)
  if (conflict !== undefined) {
    throw new TaskVaultError('GIT_FAILED', `The index has a conflict in ${conflict.path}`, {
      hint: 'Resolve it and `git add` the file first.',
    })
  }
  return entries.filter(({ isIntentToAdd }) => !isIntentToAdd)
}

function listCommit(commit: string, options: GitOptions): GitEntry[] {
  if (commit === '' || commit.startsWith('-')) {
    throw new TaskVaultError('GIT_FAILED', `${JSON.stringify(commit)} is not the name of a commit`)
  }
  return splitRecords(runGit(['ls-tree', '-r', '-z', '--full-tree', commit], options)).map(
    (record) => {
      const tab = record.indexOf(0x09)
      const [mode = '', , id = ''] = record.toString('latin1', 0, tab).split(' ')
      return { ...decodePath(record.subarray(tab + 1)), mode: Number.parseInt(mode, 8), id }
    },
  )
}
