import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { TaskVaultError, asTaskVaultError, systemErrorCode } from '../errors.ts'
import { readSmallFile } from './find-repository.ts'
import type { Repository } from './find-repository.ts'
import { decodePath, isSound, parseIndex } from './parse-index.ts'
import type { IndexEntry } from './parse-index.ts'
import { runGit, splitRecords } from './run-git.ts'
import type { GitOptions } from './run-git.ts'

/**
 * All entries of a repository's index; none when it has no index yet.
 * @throws {TaskVaultError} GIT_FAILED when only git can read the index, and git fails.
 */
export function readIndex(repository: Repository, options: GitOptions): readonly IndexEntry[] {
  const bytes = readIndexBytes(repository, options)
  return bytes === undefined ? [] : parseIndexBytes(bytes, repository, options)
}

/** The entries in the bytes of an index file; of what only git can read, those that the file has now. */
export function parseIndexBytes(
  bytes: Buffer,
  repository: Repository,
  options: GitOptions,
): readonly IndexEntry[] {
  return parseIndex(bytes, idLength(repository)) ?? listIndex(options)
}

/** The index file as it is, in one reading; undefined when there is none yet. */
export function readIndexBytes(
  repository: Repository,
  { indexFile }: Pick<GitOptions, 'indexFile'>,
): Buffer | undefined {
  return readIndexFile(indexFile ?? join(repository.gitDirectory, 'index'))
}

/**
 * As `readIndexBytes`, for who asks what is missing from the index: of a damaged file, git tells what it finds in it.
 * @throws {TaskVaultError} GIT_FAILED when the file is damaged.
 */
export function readSoundIndexBytes(
  repository: Repository,
  options: Pick<GitOptions, 'indexFile'>,
): Buffer | undefined {
  const bytes = readIndexBytes(repository, options)
  if (bytes === undefined || isSound(bytes, idLength(repository))) return bytes
  throw new TaskVaultError('GIT_FAILED', `The git index of ${repository.workTree} is damaged`, {
    hint: 'Remove the file that `git rev-parse --git-path index` names, and have git make it again with `git reset`.',
  })
}

/**
 * The index that a calling git means, as `git commit -a` does for its hooks by GIT_INDEX_FILE; git
 * takes a relative path from the root of the work tree. One that lies in another repository is that
 * repository's: a hook there started us for this one.
 */
export function findIndexFile(repository: Repository, env: GitOptions['env']): string | undefined {
  const named = env['GIT_INDEX_FILE']
  if (named === undefined || named === '') return undefined
  const file = resolve(repository.workTree, named)
  const isForeign =
    dirname(file) !== repository.gitDirectory &&
    readSmallFile(join(dirname(file), 'HEAD')) !== undefined
  return isForeign ? undefined : file
}

function readIndexFile(file: string): Buffer | undefined {
  try {
    return readFileSync(file)
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined
    throw asTaskVaultError(error, `read the git index ${file}`)
  }
}

/** How many bytes the ids of a repository's objects have: 20 are of SHA-1, 32 of SHA-256. */
export function idLength(repository: Repository): number {
  const config = readSmallFile(join(repository.commonDirectory, 'config')) ?? ''
  return /^\s*objectformat\s*=\s*"?sha256/im.test(config) ? 32 : 20
}

/** Split and sparse indexes. What is only intended to be added cannot be told apart here. */
function listIndex(options: GitOptions): IndexEntry[] {
  const listing = runGit(['ls-files', '--stage', '-v', '-z'], options)
  return splitRecords(listing).map((record) => {
    const tab = record.indexOf(0x09)
    const [tag = '', mode = '', id = '', stage = ''] = record.toString('latin1', 0, tab).split(' ')
    const fields = {
      mode: Number.parseInt(mode, 8),
      id,
      stage: Number(stage),
      isIntentToAdd: false,
      // A small letter: assumed to be unchanged.
      isUnwatched: tag === 'S' || /[a-z]/.test(tag),
    }
    return { ...decodePath(record.subarray(tab + 1)), ...fields }
  })
}
