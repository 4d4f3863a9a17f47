import { createInputSelection } from '../../files/selection/input-selection.ts'
import type { InputSelection } from '../../files/selection/input-selection.ts'
import { selectsBelow, selectsPath } from '../../files/selection/select-path.ts'
import { readCachedTree } from '../../git/cached-tree.ts'
import { findRepository } from '../../git/find-repository.ts'
import type { RepositoryPlace } from '../../git/find-repository.ts'
import { decodeRecords, encodeRecords, readIndexRecords } from '../../git/index-records.ts'
import { kindOfMode } from '../../git/list-files.ts'
import type { GitSource } from '../../git/list-files.ts'
import { listTreeChanges } from '../../git/list-tree-changes.ts'
import { findIndexFile, idLength, readIndexBytes } from '../../git/open-index.ts'
import { outlineTree } from '../../git/outline-tree.ts'
import { readTreeId } from '../../git/read-tree-id.ts'
import type { Environment, GitOptions } from '../../git/run-git.ts'
import { listSelectedFiles, unsupportedName } from './digest-files.ts'
import type { SelectedFile } from './digest-files.ts'

/** The files of the index or of a commit that a task reads, each answer no dearer than it must be. */
export interface GitInputs {
  /** The tree that they are all part of, where that can be told at once. */
  readonly treeId: string | undefined
  /** What of that tree can matter, where that can be told at once; equal for equal files. */
  outline(): string | undefined
  /** Finds the files. */
  select(): SelectedInputs
  /**
   * The files that are otherwise than in another tree, those that are gone included; undefined where the
   * tree is not known, too much is otherwise to be told one by one, or a submodule may count.
   * @throws {TaskVaultError} GIT_FAILED when the repository does not have the trees.
   */
  findChanges(sinceTree: string): Promise<readonly ChangedInput[] | undefined>
}

export interface ChangedInput {
  readonly relativePath: string
  /** Undefined: it is gone. */
  readonly file: SelectedFile | undefined
}

export interface SelectedInputs {
  /** Equal bytes for equal files. */
  readonly records: Buffer
  /** Whether the files follow from the tree; those of submodules do not, as these may not be there. */
  readonly followFromTree: boolean
  files(): readonly SelectedFile[]
}

export interface GitInputsRequest {
  readonly projectRoot: string
  /** Patterns, and what the task writes. */
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly source: GitSource
  readonly env: Environment
}

/**
 * Reads the index once, so that all answers are about the same one; a commit does not change.
 * @throws {TaskVaultError} GIT_FAILED when there is no such commit; and `select` and `files` as
 * `listSelectedFiles` does.
 */
export function openGitInputs(request: GitInputsRequest): GitInputs {
  const place = findRepository(request.projectRoot)
  const select = (): SelectedInputs => selectSlowly(request)
  if (place === undefined) return createInputs(request, undefined, select)
  const { repository } = place
  const { workTree } = repository
  const { source, env } = request
  const git = { workTree, project: workTree, env, indexFile: findIndexFile(repository, env) }
  if (source.kind === 'commit') {
    const treeId = readTreeId(source.commit, repository, git)
    const ofTree = { ...request, source: { kind: 'commit', commit: treeId } } as const
    return createInputs(request, { treeId, place, git }, () => selectSlowly(ofTree))
  }
  const bytes = readIndexBytes(repository, git)
  if (bytes === undefined) return createInputs(request, undefined, select)
  const treeId = readCachedTree(bytes, idLength(repository))
  return createInputs(
    request,
    treeId === undefined ? undefined : { treeId, place, git },
    () => selectQuickly(request, { bytes, place, git }) ?? select(),
  )
}

interface KnownTree {
  readonly treeId: string
  readonly place: RepositoryPlace
  readonly git: GitOptions
}

function createInputs(
  request: GitInputsRequest,
  tree: KnownTree | undefined,
  select: () => SelectedInputs,
): GitInputs {
  return {
    treeId: tree?.treeId,
    outline() {
      if (tree === undefined) return undefined
      const { treeId, place } = tree
      const selection = createSelection(request)
      return outlineTree(treeId, {
        ...place,
        selects: (relativePath) => selectsPath(selection, relativePath),
        mayContain: (directory) => selectsBelow(selection, directory),
      })
    },
    select,
    findChanges: async (sinceTree) =>
      tree && (await findChanges(tree, sinceTree, createSelection(request))),
  }
}

function createSelection({ projectRoot, inputs, outputs }: GitInputsRequest): InputSelection {
  return createInputSelection(projectRoot, { patterns: inputs, outputs })
}

/** With more changes than this it is as quick to look at every file. */
const MOST_CHANGES = 1_000

async function findChanges(
  { treeId, place, git }: KnownTree,
  sinceTree: string,
  selection: InputSelection,
): Promise<readonly ChangedInput[] | undefined> {
  const { prefix } = place
  const all = (await listTreeChanges({ before: sinceTree, after: treeId }, git))
    .filter(({ path }) => path.startsWith(prefix))
    .map((change) => ({ ...change, relativePath: change.path.slice(prefix.length) }))
  const mayHoldFiles = ({ mode, relativePath }: (typeof all)[number]): boolean =>
    mode !== 0 && kindOfMode(mode) === undefined && selectsBelow(selection, relativePath)
  if (all.some(mayHoldFiles)) return undefined
  const changes = all.filter(({ relativePath }) => selectsPath(selection, relativePath))
  if (changes.length > MOST_CHANGES || changes.some(({ isUtf8 }) => !isUtf8)) return undefined
  return changes.map(({ relativePath, mode, id }) => {
    const kind = kindOfMode(mode)
    return { relativePath, file: kind && { relativePath, kind, blobId: id, repository: git } }
  })
}

interface OpenIndex {
  readonly bytes: Buffer
  readonly place: RepositoryPlace
  readonly git: GitOptions
}

function selectQuickly(
  request: GitInputsRequest,
  { bytes, place, git }: OpenIndex,
): SelectedInputs | undefined {
  const selection = createSelection(request)
  const idBytes = idLength(place.repository)
  const records = readIndexRecords(bytes, {
    idBytes,
    prefix: place.prefix,
    selects(relativePath) {
      if (!selectsPath(selection, relativePath)) return false
      selection.take(relativePath)
      return true
    },
    selectsBelow: (directory) => selection.wantsBelow(directory),
    mayContain: (directory) => selectsBelow(selection, directory),
  })
  if (records === undefined) return undefined
  selection.assertComplete()
  const files = (): SelectedFile[] =>
    decodeRecords(records, idBytes).map((record) => {
      if (!record.isUtf8) throw unsupportedName(record.relativePath)
      return { ...record, repository: git }
    })
  return { records, followFromTree: true, files }
}

function selectSlowly(request: GitInputsRequest): SelectedInputs {
  const { projectRoot, source, env } = request
  const selection = createSelection(request)
  let hasSubmodules = false
  const onSubmodule = (): void => {
    hasSubmodules = true
  }
  const files = listSelectedFiles({ projectRoot, selection, source, env, onSubmodule })
  return {
    records: encodeRecords(files),
    // An index that is read a second time may be another one.
    followFromTree: source.kind === 'commit' && !hasSubmodules,
    files: () => files,
  }
}
