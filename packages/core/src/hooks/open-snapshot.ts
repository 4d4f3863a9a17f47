import { existsSync, mkdirSync, mkdtempSync, realpathSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { asTaskVaultError } from '../errors.ts'
import { removeTree } from '../files/remove-tree.ts'
import { SNAPSHOT_PREFIX } from '../files/scanning/observe-directory.ts'
import { checkOut } from '../git/check-out.ts'
import { findRepository } from '../git/find-repository.ts'
import type { Repository } from '../git/find-repository.ts'
import type { GitSource } from '../git/list-files.ts'
import { findIndexFile, readIndexBytes } from '../git/open-index.ts'
import { runGit, splitRecords } from '../git/run-git.ts'
import type { Environment, GitOptions } from '../git/run-git.ts'
import { isDependencyFolder } from './dependency-folders.ts'
import { mirrorFolder } from './mirror-folder.ts'

/** An exact checkout of what is committed or pushed, beside the work tree; removed when disposed. */
export interface Snapshot extends Disposable {
  /** Where the project lies in it; absolute. */
  readonly projectRoot: string
  /** The id of the tree that is checked out. */
  readonly tree: string
}

export interface SnapshotRequest {
  readonly source: GitSource
  readonly projectRoot: string
  readonly env: Environment
  /** Told of the directory before anything is in it, so that somebody clears it should we die. */
  readonly onDirectory: (directory: string) => void
}

/**
 * Checks out what the source holds, all of it, and links the dependency folders of the work tree that
 * git ignores. The index is read and copied; the user's index, its lock and the work tree are left
 * alone.
 * @throws {TaskVaultError} GIT_FAILED, DISK_FULL, …
 */
export function openSnapshot(request: SnapshotRequest): Snapshot {
  const { projectRoot, env, source } = request
  const place = findRepository(projectRoot)
  if (place === undefined) throw new Error('a source in git is in a repository')
  const { repository, prefix } = place
  const root = makeDirectory(request)
  try {
    const options = { workTree: repository.workTree, project: repository.workTree, env }
    const tree = writeTree(source, repository, { options, root })
    const directory = path.join(root, path.basename(repository.workTree) || 'root')
    mkdirSync(directory)
    const head = source.kind === 'commit' ? { head: resolveCommit(source.commit, options) } : {}
    checkOut(repository, {
      treeish: tree,
      ...head,
      directory,
      gitDirectory: path.join(root, 'git'),
      env,
    })
    mirrorDependencies(repository, { options, snapshot: directory })
    return {
      projectRoot: path.join(directory, prefix),
      tree,
      [Symbol.dispose]: () => removeTree(root),
    }
  } catch (error) {
    removeTree(root)
    throw asTaskVaultError(error, 'make a snapshot of what is committed')
  }
}

/** Not below the project: tools look for their settings in the directories above. */
function makeDirectory({ onDirectory }: SnapshotRequest): string {
  try {
    const root = realpathSync(mkdtempSync(path.join(tmpdir(), SNAPSHOT_PREFIX)))
    onDirectory(root)
    return root
  } catch (error) {
    throw asTaskVaultError(error, `make a directory in ${tmpdir()}`)
  }
}

interface TreeWriting {
  readonly options: GitOptions
  readonly root: string
}

/** The tree that a commit of the index would have; its objects are those that git will write as well. */
function writeTree(
  source: GitSource,
  repository: Repository,
  { options, root }: TreeWriting,
): string {
  if (source.kind === 'commit') {
    return gitLine(['rev-parse', '--verify', '--quiet', `${source.commit}^{tree}`], options)
  }
  const indexFile = path.join(root, 'index')
  const bytes = readIndexBytes(repository, {
    indexFile: findIndexFile(repository, options.env),
  })
  if (bytes !== undefined) writeFileSync(indexFile, bytes)
  return gitLine(['write-tree'], { ...options, indexFile })
}

function resolveCommit(commit: string, options: GitOptions): string {
  return gitLine(['rev-parse', '--verify', '--quiet', `${commit}^{commit}`], options)
}

function gitLine(args: readonly string[], options: GitOptions): string {
  return runGit(args, options).toString('latin1').trim()
}

const IGNORED = ['ls-files', '--others', '--ignored', '--exclude-standard', '--directory', '-z']

interface MirrorRequest {
  readonly options: GitOptions
  readonly snapshot: string
}

function mirrorDependencies({ workTree }: Repository, { options, snapshot }: MirrorRequest): void {
  const ignored = splitRecords(runGit(IGNORED, options)).map((record) => record.toString('utf8'))
  const folders = ignored.filter((name) => name.endsWith('/')).map((name) => name.slice(0, -1))
  for (const folder of folders.filter(isDependencyFolder)) {
    // A folder in one that is not committed has no place in the snapshot.
    if (existsSync(path.join(snapshot, path.dirname(folder)))) {
      mirrorFolder(folder, { workTree, snapshot })
    }
  }
}
