import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { isWithin } from '../files/is-within.ts'
import { readSmallFile } from '../git/find-repository.ts'
import type { Environment } from '../git/run-git.ts'
import { findConfiguredManagers, findManagerOfHooksPath } from './hook-managers.ts'
import type { HookPlaces, HooksDirectory, HooksView } from './hooks-view.ts'
import { parseRecord, recordPathIn, scriptsDirectoryIn, sha256Of } from './install-record.ts'
import { readConfiguredHooks } from './read-configured-hooks.ts'
import { readGitSettings } from './read-git-settings.ts'
import type { GitSettings } from './read-git-settings.ts'
import { readHookPlaces } from './read-hook-place.ts'

/**
 * Reads the state of the hooks in the repository that contains `cwd`, without changing anything.
 * @throws {TaskVaultError} GIT_FAILED without git, or without a repository.
 */
export function observeHooks(cwd: string, env: Environment): HooksView {
  const git = readGitSettings(cwd, env)
  const { workTree, commonDirectory } = git
  const own = join(commonDirectory, 'hooks')
  const directory = observeDirectory(git, own)
  const record = parseRecord(readSmallFile(recordPathIn(commonDirectory)))
  const configurationPath = join(commonDirectory, 'config')
  return {
    git: git.version,
    workTree,
    commonDirectory,
    directory,
    passedOver: listPassedOver(directory, [own, record?.directory]),
    takenOver: readHookPlaces(directory.absolutePath, '.legacy'),
    scripts: readHookPlaces(scriptsDirectoryIn(commonDirectory)),
    configured: readConfiguredHooks(git.hookSettings),
    configuredManagers: findConfiguredManagers(
      (relativePath) => workTree !== undefined && existsSync(join(workTree, relativePath)),
    ),
    unreachedWorkTrees: findUnreached(git),
    configuration: { path: configurationPath, sha256: sha256Of(readFileSync(configurationPath)) },
    record,
  }
}

/** Of the directories that may have hooks of ours, those in which git does not look. */
function listPassedOver(
  { absolutePath, hooksPath }: HooksDirectory,
  [own, recorded]: readonly [string, string | undefined],
): readonly HookPlaces[] {
  // A relative path is another directory in each work tree; that of the next one is its own affair.
  const isRelative = hooksPath !== undefined && !isAbsolute(hooksPath.value)
  const others = recorded === undefined || isRelative ? [] : [recorded]
  return [own, ...others.filter((path) => !isSamePlace(path, own))]
    .filter((path) => !isSamePlace(path, absolutePath))
    .map((path) => readHookPlaces(path))
}

function observeDirectory(git: GitSettings, own: string): HooksDirectory {
  const { hooksPath } = git
  const absolutePath = hooksPath?.absolutePath ?? own
  return {
    absolutePath,
    exists: isDirectory(absolutePath),
    hooksPath: hooksPath && {
      value: hooksPath.value,
      scope: hooksPath.scope,
      origin: hooksPath.origin,
    },
    audience: audienceOf(git),
    manager: hooksPath && findManagerOfHooksPath(hooksPath.value),
    places: readHookPlaces(absolutePath),
  }
}

function audienceOf({
  hooksPath,
  commonDirectory,
  workTree,
  find,
}: GitSettings): HooksDirectory['audience'] {
  if (hooksPath === undefined) return 'this-repository'
  const { absolutePath, scope } = hooksPath
  // With nothing, or /dev/null, is how hooks are turned off.
  if (hooksPath.value === '') return 'nobody'
  if (existsSync(absolutePath) && !isDirectory(absolutePath)) return 'nobody'
  if (isWithin(settle(absolutePath), settle(commonDirectory))) return 'this-repository'
  if (workTree !== undefined && isWithin(settle(absolutePath), settle(workTree))) {
    // What git does not ignore is or will be committed, and so everybody's.
    const isIgnored =
      find('check-ignore', '-q', '--', join(absolutePath, 'pre-commit')) !== undefined
    return isIgnored ? 'this-repository' : 'team'
  }
  return scope === 'local' || scope === 'worktree' ? 'this-repository' : 'every-repository'
}

/** A relative path means another directory in each work tree. */
function findUnreached({ hooksPath, find }: GitSettings): readonly string[] {
  if (hooksPath === undefined || isAbsolute(hooksPath.value)) return []
  const blocks = (find('worktree', 'list', '--porcelain') ?? '').split('\n\n')
  return blocks
    .filter((block) => !block.split('\n').includes('bare'))
    .map((block) => /^worktree (.+)$/m.exec(block)?.[1])
    .filter((workTree): workTree is string => workTree !== undefined && isDirectory(workTree))
    .filter((workTree) => !isDirectory(resolve(workTree, hooksPath.value)))
}

function isSamePlace(one: string, other: string): boolean {
  return settle(one) === settle(other)
}

/** The path without symlinks, as far as it exists. */
function settle(path: string): string {
  if (existsSync(path)) return realpathSync(path)
  return dirname(path) === path ? path : join(settle(dirname(path)), relative(dirname(path), path))
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}
