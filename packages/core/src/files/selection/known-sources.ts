import { existsSync } from 'node:fs'
import { openRootScope, withIgnoreFile } from './ignore-scope.ts'
import type { IgnoreScope } from './ignore-scope.ts'
import type { RepositoryFinder } from './repository-view.ts'

/** Which files of a project may be sources, as far as git can tell. Paths are relative to the project root, with `/`. */
export interface KnownSources {
  /** Whether git does not ignore a file; false outside of any repository, where nothing is known. */
  mayBeSource(file: string): boolean
  /** Whether git tracks the path or something below it, or it belongs to another repository inside the project. */
  hasSources(directory: string): boolean
  /** Whether git would see a new file in a directory; false outside of any repository. */
  mayTakeSources(directory: string): boolean
  /** Whether a directory belongs to another repository inside the project, which git does not ignore. */
  isElsewhere(directory: string): boolean
}

/**
 * Reads git's files only when asked about a path, and remembers the answers: open a new one to see what has changed.
 */
export function openKnownSources(projectRoot: string, finder: RepositoryFinder): KnownSources {
  let root: KnownDirectory | undefined
  const known = new Map<string, KnownDirectory>()
  const answers = new Map<string, boolean>()

  function find(directory: string): KnownDirectory {
    if (directory === '') return (root ??= openRoot(projectRoot, finder))
    const found = known.get(directory) ?? enter(find(parentOf(directory)), directory, projectRoot)
    known.set(directory, found)
    return found
  }

  function lookFor(directory: string): boolean {
    const { scope, isForeign } = find(parentOf(directory))
    if (isForeign || isRepository(`${projectRoot}/${directory}`)) return true
    const path = scope.toRepositoryPath(directory)
    return scope.view?.isTracked(path) === true || scope.view?.hasTrackedBelow(path) === true
  }

  return {
    mayBeSource(file) {
      const { scope, isIgnored, isForeign } = find(parentOf(file))
      if (isForeign) return true
      return scope.view !== undefined && !isHidden(scope, file, { isIgnored, isDirectory: false })
    },
    hasSources(directory) {
      const answer = answers.get(directory) ?? lookFor(directory)
      answers.set(directory, answer)
      return answer
    },
    mayTakeSources(directory) {
      const { scope, isIgnored } = find(directory)
      return scope.view !== undefined && !isIgnored
    },
    isElsewhere(directory) {
      const { isForeign, isIgnored } = find(directory)
      return isForeign && !isIgnored
    },
  }
}

interface KnownDirectory {
  /** Including the directory's own .gitignore. */
  readonly scope: IgnoreScope
  /** In another repository: whether that one's own directory is. */
  readonly isIgnored: boolean
  /** Whether it belongs to another repository inside the project. */
  readonly isForeign: boolean
}

function openRoot(projectRoot: string, finder: RepositoryFinder): KnownDirectory {
  const { scope, isIgnored } = openRootScope(projectRoot, finder)
  return {
    scope: withIgnoreFile(scope, '', `${projectRoot}/.gitignore`),
    isIgnored,
    isForeign: false,
  }
}

function enter(above: KnownDirectory, directory: string, projectRoot: string): KnownDirectory {
  if (above.isForeign) return above
  const absolutePath = `${projectRoot}/${directory}`
  const { scope } = above
  const isIgnored = isHidden(scope, directory, { isIgnored: above.isIgnored, isDirectory: true })
  if (isRepository(absolutePath)) return { scope, isIgnored, isForeign: true }
  return {
    scope: withIgnoreFile(scope, directory, `${absolutePath}/.gitignore`),
    isIgnored,
    isForeign: false,
  }
}

function isRepository(absolutePath: string): boolean {
  return existsSync(`${absolutePath}/.git`)
}

interface Hidden {
  readonly isIgnored: boolean
  readonly isDirectory: boolean
}

/** As for inputs: a tracked file is not ignored, whatever the rules say. */
function isHidden(
  { rules, view, toRepositoryPath }: IgnoreScope,
  path: string,
  { isIgnored, isDirectory }: Hidden,
): boolean {
  const inRepository = toRepositoryPath(path)
  if (!isIgnored && !rules.isIgnored(inRepository, isDirectory)) return false
  return isDirectory || view?.isTracked(inRepository) !== true
}

function parentOf(path: string): string {
  const end = path.lastIndexOf('/')
  return end === -1 ? '' : path.slice(0, end)
}
