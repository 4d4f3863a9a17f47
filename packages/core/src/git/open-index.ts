import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { asTaskVaultError, systemErrorCode } from '../errors.ts'
import { readSmallFile } from './find-repository.ts'
import type { Repository } from './find-repository.ts'
import { decodePath, parseIndex } from './parse-index.ts'
import type { IndexEntry } from './parse-index.ts'
import { runGit, splitRecords } from './run-git.ts'
import type { GitOptions } from './run-git.ts'

/**
 * All entries of a repository's index; none when it has no index yet.
 * @throws {TaskVaultError} GIT_FAILED when only git can read the index, and git fails.
 */
export function readIndex(repository: Repository, options: GitOptions): readonly IndexEntry[] {
  const file = options.indexFile ?? join(repository.gitDirectory, 'index')
  const bytes = readIndexFile(file)
  if (bytes === undefined) return []
  return parseIndex(bytes, idLength(repository)) ?? listIndex(options)
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

function idLength(repository: Repository): number {
  const config = readSmallFile(join(repository.commonDirectory, 'config')) ?? ''
  return /^\s*objectformat\s*=\s*"?sha256/im.test(config) ? 32 : 20
}

/** Split and sparse indexes. What is only intended to be added cannot be told apart here. */
function listIndex(options: GitOptions): IndexEntry[] {
  const listing = runGit(['ls-files', '--stage', '-z'], options)
  return splitRecords(listing).map((record) => {
    const tab = record.indexOf(0x09)
    const [mode = '', id = '', stage = ''] = record.toString('latin1', 0, tab).split(' ')
    const fields = {
      mode: Number.parseInt(mode, 8),
      id,
      stage: Number(stage),
      isIntentToAdd: false,
    }
    return { ...decodePath(record.subarray(tab + 1)), ...fields }
  })
}
