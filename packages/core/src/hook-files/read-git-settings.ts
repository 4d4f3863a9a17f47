import { resolve } from 'node:path'
import { TaskVaultError } from '../errors.ts'
import { runGit } from '../git/run-git.ts'
import type { Environment } from '../git/run-git.ts'
import { parseGitVersion } from './git-version.ts'
import type { GitVersion } from './git-version.ts'
import type { HooksPath } from './hooks-view.ts'

/** What git says of itself and of the repository around a directory. */
export interface GitSettings {
  readonly version: GitVersion
  readonly workTree: string | undefined
  readonly gitDirectory: string
  readonly commonDirectory: string
  /** The `core.hooksPath` in force, and the directory that it means here. */
  readonly hooksPath: (HooksPath & { readonly absolutePath: string }) | undefined
  /** Values of `hook.*`, in order, by key in lower case but for the name in it. */
  readonly hookSettings: readonly HookSetting[]
  ask(...args: readonly string[]): string
  /** Like `ask`; undefined when git says no. */
  find(...args: readonly string[]): string | undefined
}

export interface HookSetting {
  readonly key: string
  readonly value: string
  readonly scope: string
}

/**
 * Asks git, with the commands that 2.30 has.
 * @throws {TaskVaultError} GIT_FAILED when there is no git, or no repository around `cwd`.
 */
export function readGitSettings(cwd: string, env: Environment): GitSettings {
  const options = { workTree: cwd, project: cwd, env }
  const ask: GitSettings['ask'] = (...args) => runGit(args, options).toString('utf8')
  const find: GitSettings['find'] = (...args) => askOrNothing(() => ask(...args))
  const version = parseGitVersion(ask('version'))
  // One question each, because a path may contain a line feed.
  const commonDirectory = findCommonDirectory(cwd, env)
  const gitDirectory = resolve(cwd, withoutLineFeed(ask('rev-parse', '--git-dir')))
  const topLevel = find('rev-parse', '--show-toplevel')
  const workTree = topLevel === undefined ? undefined : resolve(withoutLineFeed(topLevel))
  const hooksPath = readHooksPath(find)
  return {
    version,
    workTree,
    gitDirectory,
    commonDirectory,
    hooksPath: hooksPath && {
      ...hooksPath,
      absolutePath: resolve(workTree ?? gitDirectory, hooksPath.value),
    },
    hookSettings: readHookSettings(find),
    ask,
    find,
  }
}

/**
 * The directory that all work trees of the repository around `cwd` share.
 * @throws {TaskVaultError} GIT_FAILED when there is no git, or no repository.
 */
export function findCommonDirectory(cwd: string, env: Environment): string {
  const words = ['rev-parse', '--git-common-dir']
  const printed = askAround(cwd, () => runGit(words, { workTree: cwd, project: cwd, env }))
  return resolve(cwd, withoutLineFeed(printed.toString('utf8')))
}

/** The last value wins. What the command line of git says is ours: it keeps git from running hooks. */
function readHooksPath(find: GitSettings['find']): HooksPath | undefined {
  const words = ['--show-scope', '--show-origin', '--type=path', '-z', '--get-all']
  const fields = (find('config', ...words, 'core.hooksPath') ?? '').split('\0')
  let found: HooksPath | undefined
  for (let at = 0; at + 2 < fields.length; at += 3) {
    const [scope = '', origin = '', value = ''] = fields.slice(at, at + 3)
    if (scope !== 'command') found = { scope, origin, value }
  }
  return found
}

function readHookSettings(find: GitSettings['find']): readonly HookSetting[] {
  const listed = find('config', '--show-scope', '-z', '--get-regexp', String.raw`^hook\.`) ?? ''
  const fields = listed.split('\0')
  const settings: HookSetting[] = []
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const [scope = '', entry = ''] = fields.slice(at, at + 2)
    const end = entry.indexOf('\n')
    // A key without a value, as `[hook "x"] enabled`, means true.
    if (end === -1) settings.push({ scope, key: entry, value: 'true' })
    else settings.push({ scope, key: entry.slice(0, end), value: entry.slice(end + 1) })
  }
  return settings
}

function askAround(cwd: string, question: () => Buffer): Buffer {
  try {
    return question()
  } catch (error) {
    if (!(error instanceof TaskVaultError) || !error.message.includes('not a git repository'))
      throw error
    throw new TaskVaultError('GIT_FAILED', `There is no git repository around ${cwd}`, {
      hint: 'Run `git init` first, or start in a repository.',
      cause: error,
    })
  }
}

/** Git ends with a failure where there is nothing to tell. */
function askOrNothing(question: () => string): string | undefined {
  try {
    return question()
  } catch (error) {
    if (error instanceof TaskVaultError) return undefined
    throw error
  }
}

function withoutLineFeed(text: string): string {
  return text.endsWith('\n') ? text.slice(0, -1) : text
}
