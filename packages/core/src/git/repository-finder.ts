import { join } from 'node:path'
import type { RepositoryFinder, RepositoryView } from '../files/selection/repository-view.ts'
import { findRepository, openRepository, readSmallFile } from './find-repository.ts'
import type { Repository } from './find-repository.ts'
import { openMentions } from './index-mentions.ts'
import { findIndexFile, idLength, parseIndexBytes, readSoundIndexBytes } from './open-index.ts'
import type { Environment, GitOptions } from './run-git.ts'

/**
 * Tells the walk of a project what git knows. An index is read only when something is ignored that
 * an input might mean.
 */
export function createRepositoryFinder(env: Environment): RepositoryFinder {
  let project: string | undefined
  return {
    findAround(directory) {
      const place = findRepository(directory)
      if (place === undefined) return undefined
      const { repository, prefix } = place
      project = repository.workTree
      const indexFile = findIndexFile(repository, env)
      return { view: viewRepository(repository, { project, env, indexFile }), prefix }
    },
    openAt(directory) {
      const repository = openRepository(directory)
      if (repository === undefined) return undefined
      return viewRepository(repository, { project: project ?? directory, env })
    },
  }
}

const NO_INDEX = Buffer.alloc(0)
/** Each searches the whole file. For more questions than this, it is faster to read the entries. */
const MOST_GLANCES = 4

function viewRepository(
  repository: Repository,
  options: Omit<GitOptions, 'workTree'>,
): RepositoryView {
  const { workTree, commonDirectory } = repository
  let bytes: Buffer | undefined
  let mayMention: ((path: string) => boolean) | undefined
  let known: TrackedNames | undefined
  let glances = 0

  const read = (): Buffer => (bytes ??= readSoundIndexBytes(repository, options) ?? NO_INDEX)

  function names(): TrackedNames {
    if (known !== undefined) return known
    const isThere = read().length > 0
    const entries = isThere ? parseIndexBytes(read(), repository, { ...options, workTree }) : []
    return (known = collectNames(entries))
  }

  /** Whether the index cannot contain anything that begins so; false if only its entries can tell. */
  function isAbsent(path: string): boolean {
    if (known !== undefined || glances === MOST_GLANCES) return false
    glances += 1
    mayMention ??= openMentions(read(), idLength(repository))
    return !mayMention(path)
  }

  return {
    workTree,
    excludeText: readSmallFile(join(commonDirectory, 'info', 'exclude')) ?? '',
    isTracked: (path) => !isAbsent(path) && names().files.has(path),
    hasTrackedBelow: (directory) =>
      !isAbsent(`${directory}/`) && names().directories.has(directory),
  }
}

interface TrackedNames {
  readonly files: ReadonlySet<string>
  /** Every directory that something tracked lies in, at any depth; not the root. */
  readonly directories: ReadonlySet<string>
}

function collectNames(entries: readonly { readonly path: string }[]): TrackedNames {
  const files = new Set<string>()
  const directories = new Set<string>()
  for (const { path } of entries) {
    files.add(path)
    // Once a directory is known, all above it are.
    for (
      let end = path.lastIndexOf('/');
      end > 0 && !directories.has(path.slice(0, end));
      end = path.lastIndexOf('/', end - 1)
    ) {
      directories.add(path.slice(0, end))
    }
  }
  return { files, directories }
}
