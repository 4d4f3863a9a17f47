import { TaskVaultError } from '../../errors.ts'
import { describeDirectory } from '../../files/scanning/describe-directory.ts'
import type { DescribedEntry } from '../../files/scanning/describe-listing.ts'
import type { ScanContext } from '../../files/scanning/scan-context.ts'
import { findInputs } from '../../files/selection/find-inputs.ts'
import type { FindInputsOptions } from '../../files/selection/find-inputs.ts'
import type { InputSelection } from '../../files/selection/input-selection.ts'
import { selectsBelow, selectsPath } from '../../files/selection/select-path.ts'
import { digestBlobs } from '../../git/digest-blobs.ts'
import type { GitContents } from '../../git/git-contents.ts'
import { listGitFiles } from '../../git/list-files.ts'
import type { GitFile, GitSource } from '../../git/list-files.ts'
import type { Environment } from '../../git/run-git.ts'
import type { HashAlgorithm } from '../../hashing/hash-algorithm.ts'
import { digestFromBytes } from '../../model/digest.ts'
import type { FileInput } from '../../model/fingerprint.ts'

export interface FileRequest extends FindInputsOptions {
  readonly projectRoot: string
  readonly selection: InputSelection
}

/**
 * The selected files of the work tree, in the order of their paths as UTF-16 code units.
 * @throws {TaskVaultError} as `findInputs` and `describeDirectory` do.
 */
export function digestWorkTreeFiles(request: FileRequest, context: ScanContext): FileInput[] {
  const { projectRoot, selection } = request
  return findInputs(projectRoot, selection, request)
    .flatMap(({ relativePath, names }) => {
      const prefix = relativePath === '' ? '' : `${relativePath}/`
      return describeDirectory(
        prefix === '' ? projectRoot : `${projectRoot}/${relativePath}`,
        names,
        context,
      ).map((entry) => toFileInput(prefix + entry.name, entry, context.algorithm))
    })
    .toSorted(byPath)
}

function toFileInput(
  relativePath: string,
  entry: DescribedEntry,
  algorithm: HashAlgorithm,
): FileInput {
  switch (entry.kind) {
    case 'file':
      // As in git, the owner's bit decides: the others depend on the umask.
      return {
        relativePath,
        kind: (entry.mode & 0o100) === 0 ? 'file' : 'executable',
        digest: entry.digest,
      }
    case 'symlink':
      return {
        relativePath,
        kind: 'symlink',
        digest: digestFromBytes(algorithm.hash(Buffer.from(entry.target))),
      }
    case 'directory':
    case 'other':
      throw new TaskVaultError(
        'INPUT_CHANGED',
        `The input ${relativePath} was replaced while it was read`,
        {
          hint: 'Run the task again when nothing else changes its inputs.',
        },
      )
  }
}

export interface GitFileRequest {
  readonly projectRoot: string
  readonly selection: InputSelection
  readonly source: GitSource
  readonly env: Environment
  /** Told of each submodule that may hold selected files, checked out or not. */
  readonly onSubmodule?: () => void
}

/**
 * The selected files of the index or a commit, in the order of their paths as UTF-16 code units.
 * Reads only the blobs that `contents` does not know, and tells it what it read.
 * @throws {TaskVaultError} INPUT_MISSING, NAME_UNSUPPORTED, GIT_FAILED.
 */
export async function digestGitFiles(
  request: GitFileRequest,
  algorithm: HashAlgorithm,
  contents: GitContents,
): Promise<FileInput[]> {
  return await digestSelected(listSelectedFiles(request), algorithm, contents)
}

/**
 * The selected files of the index or a commit, in the order of their paths' bytes; those of a submodule
 * where it lies.
 * @throws {TaskVaultError} INPUT_MISSING, NAME_UNSUPPORTED, GIT_FAILED.
 */
export function listSelectedFiles(request: GitFileRequest): SelectedFile[] {
  const { selection, onSubmodule, ...place } = request
  const mayContain = (directory: string): boolean => {
    const may = selectsBelow(selection, directory)
    if (may) onSubmodule?.()
    return may
  }
  const files = listGitFiles({ ...place, mayContain }).filter((file) => isSelected(selection, file))
  selection.assertComplete()
  return files
}

export type SelectedFile = Omit<GitFile, 'isUtf8'>

/** The digests of files, in the order of their paths as UTF-16 code units; see `digestGitFiles`. */
export async function digestSelected(
  files: readonly SelectedFile[],
  algorithm: HashAlgorithm,
  contents: GitContents,
): Promise<FileInput[]> {
  const digests = await findDigests(files, algorithm, contents)
  return files
    .map(({ relativePath, kind, blobId }) => {
      const digest = digests.get(blobId)
      if (digest === undefined) throw new Error(`no digest of ${relativePath}`)
      return { relativePath, kind, digest: digestFromBytes(digest) }
    })
    .toSorted(byPath)
}

function isSelected(selection: InputSelection, { relativePath, isUtf8 }: GitFile): boolean {
  if (!selectsPath(selection, relativePath)) return false
  if (!isUtf8) throw unsupportedName(relativePath)
  selection.take(relativePath)
  return true
}

/** A name in git that cannot be one of ours. */
export function unsupportedName(relativePath: string): TaskVaultError {
  return new TaskVaultError(
    'NAME_UNSUPPORTED',
    `${JSON.stringify(relativePath)} in git is not valid UTF-8`,
    { hint: 'Rename it, or leave it out of the inputs.' },
  )
}

async function findDigests(
  files: readonly SelectedFile[],
  algorithm: HashAlgorithm,
  contents: GitContents,
): Promise<ReadonlyMap<string, Buffer>> {
  const digests = contents.find([...new Set(files.map(({ blobId }) => blobId))])
  const unknown = files.filter(({ blobId }) => !digests.has(blobId))
  for (const [repository, missing] of Map.groupBy(unknown, (file) => file.repository)) {
    const ids = new Set(missing.map(({ blobId }) => blobId))
    const read = await digestBlobs([...ids], algorithm, repository)
    contents.remember(read)
    for (const [id, digest] of read) digests.set(id, digest)
  }
  return digests
}

function byPath(a: FileInput, b: FileInput): number {
  return a.relativePath < b.relativePath ? -1 : a.relativePath > b.relativePath ? 1 : 0
}
