import { findRepository } from './find-repository.ts'
import { findIndexFile } from './open-index.ts'
import { decodePath } from './parse-index.ts'
import { readGit, splitRecords } from './run-git.ts'
import type { Environment } from './run-git.ts'
import { listUnwatched } from './unwatched-paths.ts'

/** A path at which the work tree may be otherwise than the index. */
export interface WorkTreeChange {
  /** Relative to the project root, with `/`; of a submodule or a repository within, its directory. */
  readonly relativePath: string
  readonly isDirectory: boolean
}

export interface ChangesRequest {
  /** Absolute. */
  readonly projectRoot: string
  /** As git made it for a hook: GIT_INDEX_FILE tells the index that is meant. */
  readonly env: Environment
  /** Of a look that goes on beside other work: ends git, which has one processor for it. */
  readonly beside?: AbortSignal
}

/*
 * Untracked files count one by one; nothing is left out because the user's own settings say so, which
 * do not count for keys. `assume-unchanged` and its like are looked up in the index, as `git status`
 * believes them.
 */
const STATUS = [
  '-c',
  'core.excludesFile=',
  '-c',
  'status.relativePaths=false',
  'status',
  '--porcelain=v2',
  '-z',
  '--untracked-files=all',
  '--ignore-submodules=none',
  '--no-renames',
]

/** Twenty threads, as there may be, leave next to nothing of two processors to us. */
const ONE_THREAD = ['-c', 'core.preloadIndex=false']

/**
 * Where the work tree of a project is not what git's index says, as `git status` sees it: nothing is
 * written, and no lock is needed.
 * @throws {TaskVaultError} GIT_FAILED.
 */
export async function listChanges({
  projectRoot,
  env,
  beside: signal,
}: ChangesRequest): Promise<WorkTreeChange[]> {
  const place = findRepository(projectRoot)
  if (place === undefined) return []
  const { repository, prefix } = place
  const { workTree } = repository
  const options = { workTree, project: workTree, env, indexFile: findIndexFile(repository, env) }
  // The index is read here while git looks at the work tree.
  const [listing, unwatched] = await Promise.all([
    readGit(signal === undefined ? STATUS : [...ONE_THREAD, ...STATUS], { ...options, signal }),
    Promise.try(() => listUnwatched(repository, options)),
  ])
  const hidden = unwatched.map((path) => ({ path, isDirectory: false }))
  return [...splitRecords(listing).flatMap(parseRecord), ...hidden]
    .filter(({ path }) => path.startsWith(prefix))
    .map(({ path, isDirectory }) => ({ relativePath: path.slice(prefix.length), isDirectory }))
}

interface ChangedPath {
  /** Relative to the work tree. */
  readonly path: string
  readonly isDirectory: boolean
}

/** `1 XY sub mH mI mW hH hI path`, `u XY sub m1 m2 m3 mW h1 h2 h3 path`, `? path`; X is of no interest here. */
function parseRecord(record: Buffer): ChangedPath[] {
  const kind = record.toString('latin1', 0, 1)
  if (kind === '?') return [toChange(record.subarray(2), false)]
  const fields = FIELDS_BEFORE_PATH[kind]
  if (fields === undefined) return []
  const [, states = '', submodule = ''] = record.toString('latin1').split(' ', 3)
  if (kind === '1' && states[1] === '.') return []
  return [toChange(record.subarray(afterFields(record, fields)), submodule.startsWith('S'))]
}

const FIELDS_BEFORE_PATH: Readonly<Record<string, number>> = { 1: 8, u: 10 }

function toChange(bytes: Buffer, isSubmodule: boolean): ChangedPath {
  const { path } = decodePath(bytes)
  const isDirectory = isSubmodule || path.endsWith('/')
  return { path: path.endsWith('/') ? path.slice(0, -1) : path, isDirectory }
}

function afterFields(record: Buffer, count: number): number {
  let at = 0
  for (let left = count; left > 0; left -= 1) at = record.indexOf(0x20, at) + 1
  return at
}
