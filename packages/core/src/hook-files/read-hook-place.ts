import { accessSync, constants, statSync } from 'node:fs'
import type { Stats } from 'node:fs'
import { join } from 'node:path'
import { systemErrorCode } from '../errors.ts'
import { isThere } from '../files/is-there.ts'
import { readSmallFile } from '../git/find-repository.ts'
import { GIT_HOOKS } from '../model/task.ts'
import type { GitHook } from '../model/task.ts'
import { findManagerOfHook } from './hook-managers.ts'
import { parseHookScript } from './hook-script.ts'
import type { HookFile, HookPlace, HookPlaces } from './hooks-view.ts'
import { keptNameOf } from './kept-name.ts'

/** Looks at our hooks in a directory that may be missing, under their names or with a suffix to them. */
export function readHookPlaces(directory: string, suffix: '' | '.legacy' = ''): HookPlaces {
  const places = GIT_HOOKS.map((hook) => [hook, readHookPlace(directory, hook, suffix)] as const)
  return Object.fromEntries(places) as Record<GitHook, HookPlace>
}

function readHookPlace(directory: string, hook: GitHook, suffix: string): HookPlace {
  const absolutePath = join(directory, `${hook}${suffix}`)
  const keptPath = join(directory, keptNameOf(hook))
  return {
    absolutePath,
    file: readHookFile(absolutePath),
    keptPath,
    kept: !isThere(keptPath) ? 'absent' : isExecutable(keptPath) ? 'executable' : 'inert',
  }
}

function readHookFile(absolutePath: string): HookFile {
  if (!isThere(absolutePath)) return { kind: 'absent' }
  const stats = findTarget(absolutePath)
  // A link to nothing is kept like any other: what it leads to may be there tomorrow.
  if (stats === undefined) return foreign('', false)
  if (!stats.isFile()) return { kind: 'unusable' }
  const text = readSmallFile(absolutePath) ?? ''
  const script = parseHookScript(text)
  if (script === undefined) return foreign(text, isExecutable(absolutePath))
  return { kind: 'ours', script, text, isExecutable: isExecutable(absolutePath) }
}

function foreign(text: string, canRun: boolean): HookFile {
  const manager = findManagerOfHook(text)
  return { kind: 'foreign', manager, isExecutable: canRun, readsOwnName: OWN_NAME.test(text) }
}

/** Shell, Ruby, Perl and Python that look at the name which they were started by. */
const OWN_NAME =
  /basename\b[^\n]*(\$\{?0|\$PROGRAM_NAME|__FILE__|argv\[0\])|\$\{0##|(\$0|\$PROGRAM_NAME)\s*=~/

/** What a path leads to, also through links. */
function findTarget(absolutePath: string): Stats | undefined {
  try {
    return statSync(absolutePath, { throwIfNoEntry: false })
  } catch (error) {
    // Nothing is below what is no directory, as /dev/null, and at the end of links in a circle.
    if (['ENOTDIR', 'ELOOP'].includes(systemErrorCode(error) ?? '')) return undefined
    throw error
  }
}

/** As git asks it. Windows knows no such permission, and git does without. */
function isExecutable(absolutePath: string): boolean {
  if (findTarget(absolutePath)?.isFile() !== true) return false
  try {
    accessSync(absolutePath, constants.X_OK)
    return true
  } catch {
    return false
  }
}
