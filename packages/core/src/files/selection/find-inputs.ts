import { lstatSync, readdirSync } from 'node:fs'
import type { Dirent } from 'node:fs'
import { TaskVaultError, asTaskVaultError, systemErrorCode } from '../../errors.ts'
import type { GlobPattern } from './glob-pattern.ts'
import { nestedScope, openRootScope, withIgnoreFile } from './ignore-scope.ts'
import type { IgnoreScope } from './ignore-scope.ts'
import type { DirectoryPlace, InputSelection } from './input-selection.ts'
import type { RepositoryFinder } from './repository-view.ts'

/** The inputs in one directory. */
export interface InputDirectory {
  /** Relative to the project root with `/`; empty for the root itself. */
  readonly relativePath: string
  readonly names: readonly string[]
}

export interface FindInputsOptions {
  /** Absent: .gitignore files do not count. */
  readonly gitignore?: { readonly finder: RepositoryFinder | undefined }
}

/**
 * Finds the files and symlinks of a project that a task reads, in no particular order. Symlinks are
 * found, and not followed; so a pattern matches nothing behind one. Directories in which nothing can
 * match are not looked into. A file that git ignores counts only when it is tracked all the same, or
 * when a pattern is exactly its path.
 * @throws {TaskVaultError} INPUT_MISSING when a pattern selects nothing; INPUT_UNREADABLE when a
 * directory cannot be listed, or a pipe, socket or device is named; NAME_UNSUPPORTED when a name that
 * matters is no UTF-8; GIT_FAILED.
 */
export function findInputs(
  projectRoot: string,
  selection: InputSelection,
  options: FindInputsOptions,
): InputDirectory[] {
  const found: InputDirectory[] = []
  const waiting: WalkedDirectory[] = [rootDirectory(projectRoot, selection, options)]
  for (let directory = waiting.pop(); directory !== undefined; directory = waiting.pop()) {
    const names = lookInto(directory, { projectRoot, selection, options, waiting })
    if (names.length > 0) found.push({ relativePath: directory.relativePath, names })
  }
  selection.assertComplete()
  return found
}

interface WalkedDirectory {
  readonly relativePath: string
  readonly depth: number
  /** The patterns that may select something in it. */
  readonly patterns: readonly GlobPattern[]
  /** Undefined: nothing is ignored. */
  readonly scope: IgnoreScope | undefined
  /** Whether git ignores it: then only what is tracked or named counts. */
  readonly isIgnored: boolean
}

interface Walk {
  readonly projectRoot: string
  readonly selection: InputSelection
  readonly options: FindInputsOptions
  readonly waiting: WalkedDirectory[]
}

function rootDirectory(
  projectRoot: string,
  selection: InputSelection,
  { gitignore }: FindInputsOptions,
): WalkedDirectory {
  const root = { relativePath: '', depth: 0, patterns: selection.patterns }
  if (gitignore === undefined) return { ...root, scope: undefined, isIgnored: false }
  return { ...root, ...openRootScope(projectRoot, gitignore.finder) }
}

/** Names of the inputs in one directory; its subdirectories are put on the list. */
function lookInto(directory: WalkedDirectory, walk: Walk): string[] {
  const { relativePath, patterns } = directory
  const absolutePath =
    relativePath === '' ? walk.projectRoot : `${walk.projectRoot}/${relativePath}`
  const entries = listEntries(absolutePath, { isRoot: relativePath === '' })
  const here = { ...directory, scope: enterScope(directory, entries, walk) }
  const prefix = relativePath === '' ? '' : `${relativePath}/`
  const names: string[] = []
  for (const entry of entries) {
    const { name } = entry
    if (walk.selection.isNever(name)) continue
    const path = prefix + name
    if (entry.isDirectory()) {
      const place = { relativePath: path, name, depth: directory.depth }
      const entered = enter(place, here, walk)
      if (entered === undefined) continue
      walk.waiting.push(entered)
    } else if (walk.selection.wants(path, patterns) && isInput(entry, path, { here, walk })) {
      walk.selection.take(path)
      names.push(name)
    } else continue
    if (name.includes('\uFFFD') || !name.isWellFormed())
      assertSupported(absolutePath, name, entries)
  }
  return names
}

/** How to walk on in a subdirectory; undefined when nothing in it can be an input. */
function enter(
  place: DirectoryPlace,
  parent: WalkedDirectory,
  walk: Walk,
): WalkedDirectory | undefined {
  const { relativePath } = place
  const patterns = walk.selection.entering(parent.patterns, place)
  if (patterns.length === 0) return undefined
  const directory = { relativePath, depth: place.depth + 1, patterns, scope: parent.scope }
  const { scope } = parent
  if (scope === undefined || !isHidden(relativePath, { isDirectory: true }, { ...parent, scope })) {
    return { ...directory, isIgnored: false }
  }
  walk.selection.noteIgnored(relativePath, patterns)
  const isNeeded =
    scope.view?.hasTrackedBelow(scope.toRepositoryPath(relativePath)) === true ||
    patterns.some(({ literal }) => literal?.startsWith(`${relativePath}/`) === true)
  return isNeeded ? { ...directory, isIgnored: true } : undefined
}

function isInput(
  entry: Dirent,
  path: string,
  { here, walk }: { here: WalkedDirectory; walk: Walk },
): boolean {
  const { selection } = walk
  const isNamed = selection.isNamed(path)
  if (!entry.isFile() && !entry.isSymbolicLink()) {
    if (isNamed) throw notReadable(path)
    return false
  }
  const { scope } = here
  if (isNamed || scope === undefined || !isHidden(path, { isDirectory: false }, { ...here, scope }))
    return true
  selection.noteIgnored(
    path,
    here.patterns.filter((pattern) => pattern.matches(path)),
  )
  return false
}

/** Whether git ignores a path. What is tracked it does not ignore, whatever the rules say. */
function isHidden(
  path: string,
  { isDirectory }: { isDirectory: boolean },
  parent: { readonly scope: IgnoreScope; readonly isIgnored: boolean },
): boolean {
  const { rules, view, toRepositoryPath } = parent.scope
  const inRepository = toRepositoryPath(path)
  if (!parent.isIgnored && !rules.isIgnored(inRepository, isDirectory)) return false
  return view?.isTracked(inRepository) !== true
}

/** The rules that hold in a directory: its own .gitignore added, or those of a repository nested here. */
function enterScope(
  directory: WalkedDirectory,
  entries: readonly Dirent[],
  { projectRoot, options }: Walk,
): IgnoreScope | undefined {
  const { relativePath, isIgnored } = directory
  let { scope } = directory
  if (scope === undefined) return undefined
  const absolutePath = relativePath === '' ? projectRoot : `${projectRoot}/${relativePath}`
  if (relativePath !== '' && !isIgnored && entries.some(({ name }) => name === '.git')) {
    const view = options.gitignore?.finder?.openAt(absolutePath)
    if (view !== undefined) scope = nestedScope(view, relativePath)
  }
  const hasIgnoreFile = entries.some(({ name }) => name === '.gitignore')
  return hasIgnoreFile ? withIgnoreFile(scope, relativePath, `${absolutePath}/.gitignore`) : scope
}

function listEntries(absolutePath: string, { isRoot }: { isRoot: boolean }): Dirent[] {
  try {
    return readdirSync(absolutePath, { withFileTypes: true })
  } catch (error) {
    // Gone since its parent was listed.
    if (!isRoot && systemErrorCode(error) === 'ENOENT') return []
    throw new TaskVaultError(
      'INPUT_UNREADABLE',
      asTaskVaultError(error, `list ${absolutePath}`).message,
      {
        hint: 'Check that the directory exists, who owns it, and its mode.',
        cause: error,
      },
    )
  }
}

/**
 * Bytes that are no UTF-8 arrive as U+FFFD. Such a name finds nothing, or something else that is
 * really called so.
 */
function assertSupported(directory: string, name: string, entries: readonly Dirent[]): void {
  const isFound = lstatSync(`${directory}/${name}`, { throwIfNoEntry: false }) !== undefined
  const isUnique = entries.filter((entry) => entry.name === name).length === 1
  if (isFound && isUnique && name.isWellFormed()) return
  throw new TaskVaultError(
    'NAME_UNSUPPORTED',
    `${JSON.stringify(name)} in ${directory} is not valid UTF-8`,
    {
      hint: 'Rename it, or leave it out of the inputs.',
    },
  )
}

function notReadable(path: string): TaskVaultError {
  return new TaskVaultError(
    'INPUT_UNREADABLE',
    `The input ${path} is not a file, directory or symlink`,
    {
      hint: 'Sockets, pipes and devices cannot be task inputs: leave them out.',
    },
  )
}
