import { createInputSelection } from '../../files/input-selection.ts'
import { selectsBelow, selectsPath } from '../../files/select-path.ts'
import { readCachedTree } from '../../git/cached-tree.ts'
import { findRepository } from '../../git/find-repository.ts'
import type { RepositoryPlace } from '../../git/find-repository.ts'
import { decodeRecords, encodeRecords, readIndexRecords } from '../../git/index-records.ts'
import type { GitSource } from '../../git/list-files.ts'
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
  if (place === undefined) return createInputs(request, undefined, () => selectSlowly(request))
  const { repository } = place
  const { workTree } = repository
  const { source, env } = request
  const git = { workTree, project: workTree, env, indexFile: findIndexFile(repository, env) }
  if (source.kind === 'commit') {
    const treeId = readTreeId(source.commit, repository, git)
    const ofTree = { ...request, source: { kind: 'commit', commit: treeId } } as const
    return createInputs(request, { treeId, place }, () => selectSlowly(ofTree))
  }
  const bytes = readIndexBytes(repository, git)
  if (bytes === undefined) return createInputs(request, undefined, () => selectSlowly(request))
  const treeId = readCachedTree(bytes, idLength(repository))
  return createInputs(
    request,
    treeId === undefined ? undefined : { treeId, place },
    () => selectQuickly(request, { bytes, place, git }) ?? selectSlowly(request),
  )
}

interface KnownTree {
  readonly treeId: string
  readonly place: RepositoryPlace
}

function createInputs(
  { projectRoot, inputs, outputs }: GitInputsRequest,
  tree: KnownTree | undefined,
  select: () => SelectedInputs,
): GitInputs {
  return {
    treeId: tree?.treeId,
    outline() {
      if (tree === undefined) return undefined
      const { treeId, place } = tree
      const selection = createInputSelection(projectRoot, { patterns: inputs, outputs })
      return outlineTree(treeId, {
        ...place,
        selects: (relativePath) => selectsPath(selection, relativePath),
        mayContain: (directory) => selectsBelow(selection, directory),
      })
    },
    select,
  }
}

interface OpenIndex {
  readonly bytes: Buffer
  readonly place: RepositoryPlace
  readonly git: GitOptions
}

function selectQuickly(
  { projectRoot, inputs, outputs }: GitInputsRequest,
  { bytes, place, git }: OpenIndex,
): SelectedInputs | undefined {
  const selection = createInputSelection(projectRoot, { patterns: inputs, outputs })
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
  const { projectRoot, inputs, outputs, source, env } = request
  const selection = createInputSelection(projectRoot, { patterns: inputs, outputs })
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
