import { lstatSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { TaskVaultError, isTaskVaultError } from '../../errors.ts'
import { directoriesAbove } from '../../files/directories-above.ts'
import { isWithin } from '../../files/is-within.ts'
import { relativePathOf } from '../../files/relative-path-of.ts'
import { STAGING_PREFIX } from '../../files/scanning/observe-directory.ts'
import type { CacheSelection, OutputTarget } from '../vault.ts'
import {
  canChange,
  createDecider,
  decide,
  decideBelow,
  isWholeDirectory,
} from './cache-decision.ts'
import type { Decision, DecisionRules } from './cache-decision.ts'
import { parseCachePattern, placeOf } from './cache-pattern.ts'
import {
  findCacheTargets,
  homeOf,
  isReserved,
  nameElsewhere,
  resolveCachePath,
} from './cache-targets.ts'
import type { CachePlaces } from './cache-targets.ts'

export interface CacheRules extends CachePlaces {
  /** What of the paths is there is enough, and what else is there stays. */
  readonly isLoose: boolean
}

/**
 * Reads the paths of a cache. The last line that matches a path decides about it, and about what is below.
 * @throws {TaskVaultError} ARGUMENT_INVALID, or OUTPUT_FORBIDDEN when one would take the home directory, a
 * repository, keys or the vault with it.
 */
export function selectCachePaths(lines: readonly string[], rules: CacheRules): CacheSelection {
  const home = homeOf(rules)
  const given = lines.filter((line) => !line.startsWith('#'))
  const patterns = given.map((line) => parseCachePattern(line, { ...rules, home }))
  const included = patterns.filter(({ glob }) => !glob.isExclusion)
  const state: Selection = { patterns, rules, home }
  const literal = included.filter(
    ({ base, isLiteral }) => isLiteral && !(rules.isLoose && isDivided(state, base)),
  )
  // Refused at once, and not when there is something to save.
  const named = findCacheTargets(
    literal.map(({ base }) => base),
    rules,
  )
  const hasExclusions = included.length < patterns.length
  const [{ base: first } = { base: rules.projectRoot }] = included
  const decideOn = createDecider(state)

  return {
    start: [rules.projectRoot, home].find((each) => isWithin(first, each)),
    decide(absolutePath) {
      const { index, isWanted } = decideOn(absolutePath)
      if (index === -1) return 'outside'
      return isWanted ? 'wanted' : 'left-out'
    },
    find(under) {
      const at = (place: string): string =>
        under === undefined ? place : path.join(under, placeOf(place))
      const walk = { ...state, at }
      const found = outermost(included.flatMap(({ base }) => collectFrom(walk, base)))
      const isThere = (target: OutputTarget): boolean =>
        found.some(({ absolutePath }) => isWithin(absolutePath, target.absolutePath))
      const missing = named.find((target) => !isThere(target))
      if (found.length > 0 && (rules.isLoose || missing === undefined))
        return found.map((target) => ({ ...target, absolutePath: at(target.absolutePath) }))
      throw nothingFound(missing?.declaredAs ?? lines.join(' '))
    },
    select(names) {
      const targets = names.map((name) => locate(state, name))
      const places = new Set(targets.map((target) => target?.absolutePath))
      const known = targets.filter((target) => target !== undefined)
      const isApart = known.every(
        ({ absolutePath }) => !directoriesAbove(absolutePath).some((each) => places.has(each)),
      )
      const isWhole = named.every(({ absolutePath }) =>
        known.some((target) => isWithin(target.absolutePath, absolutePath)),
      )
      const isRight = isApart && known.length === names.length && places.size === names.length
      return isRight && (rules.isLoose || isWhole) ? known : undefined
    },
    wants: hasExclusions ? (absolutePath) => decide(state, absolutePath).isWanted : undefined,
    keeps: (absolutePath) =>
      rules.isLoose || (hasExclusions && !isWholeDirectory(state, absolutePath)),
  }
}

interface Selection extends DecisionRules {
  readonly rules: CacheRules
  readonly home: string
}

/** A walk over what may lie elsewhere than it is named. */
interface Walk extends Selection {
  at(absolutePath: string): string
}

function collectFrom(state: Walk, base: string): readonly OutputTarget[] {
  if (lstatSync(state.at(base), { throwIfNoEntry: false }) === undefined) return []
  const above = decide(state, path.dirname(base))
  return collect({ ...state, anchor: anchorOf(state, base) }, above, base).targets
}

/** Where the links begin that are not followed. */
function anchorOf(state: Selection, base: string): string {
  return isStart(state, base) ? base : path.dirname(base)
}

/** Whether it is the project or the home directory, which whoever has set the machine up may have linked. */
function isStart({ rules, home }: Selection, absolutePath: string): boolean {
  return absolutePath === rules.projectRoot || absolutePath === home
}

interface Collected {
  readonly targets: readonly OutputTarget[]
  /** Nothing at or below the path is left out. */
  readonly isWhole: boolean
}

const NOTHING: Collected = { targets: [], isWhole: false }

function collect(
  state: Walk & { readonly anchor: string },
  above: Decision,
  absolutePath: string,
): Collected {
  const name = path.basename(absolutePath)
  const { projectRoot, cacheDirectory } = state.rules
  const isVault = isWithin(absolutePath, cacheDirectory)
  if (isReserved(name) || name.startsWith(STAGING_PREFIX) || isVault) return NOTHING
  const decision = decideBelow(state, above, placeOf(absolutePath))
  const whole = { targets: [targetOf(state, absolutePath)], isWhole: true }
  const isProtected = [state.home, projectRoot, cacheDirectory].some((each) =>
    isWithin(each, absolutePath),
  )
  const examine = isStart(state, absolutePath) ? statSync : lstatSync
  const isDirectory =
    examine(state.at(absolutePath), { throwIfNoEntry: false })?.isDirectory() === true
  if (decision.isWanted && !isProtected && (!isDirectory || !canChange(state, decision)))
    return whole
  if (!isDirectory || (!decision.isWanted && !canChange(state, decision))) return NOTHING
  // What else lies there is nobody's to keep.
  if (isProtected && !isDivided(state, absolutePath) && decision.isWanted) return NOTHING
  const parts = readdirSync(state.at(absolutePath)).map((child) =>
    collect(state, decision, path.join(absolutePath, child)),
  )
  if (decision.isWanted && !isProtected && parts.every(({ isWhole }) => isWhole)) return whole
  return { targets: parts.flatMap(({ targets }) => targets), isWhole: false }
}

/** Whether what lies there is kept part by part: the project, and what lies around the vault and nothing else. */
function isDivided({ rules, home }: Selection, absolutePath: string): boolean {
  const { projectRoot, cacheDirectory } = rules
  if (absolutePath === projectRoot) return true
  if ([home, projectRoot].some((each) => isWithin(each, absolutePath))) return false
  return absolutePath !== cacheDirectory && isWithin(cacheDirectory, absolutePath)
}

function targetOf(
  { rules, home, anchor }: Selection & { readonly anchor: string },
  absolutePath: string,
): OutputTarget {
  return { declaredAs: nameOf(absolutePath, rules, home), absolutePath, anchor }
}

/** Where an output lies that an entry names; undefined when the paths do not allow it. */
function locate(state: Selection, name: string): OutputTarget | undefined {
  const { patterns, rules, home } = state
  const absolutePath = resolveCachePath(name, { projectRoot: rules.projectRoot, home })
  if (nameOf(absolutePath, rules, home) !== name) return undefined
  const decision = decide(state, absolutePath)
  const base = patterns[decision.index]?.base
  if (!decision.isWanted || base === undefined || !isAllowed(absolutePath, rules)) return undefined
  return { declaredAs: name, absolutePath, anchor: anchorOf(state, base) }
}

function isAllowed(absolutePath: string, rules: CacheRules): boolean {
  try {
    return findCacheTargets([absolutePath], rules).length === 1
  } catch (error) {
    if (isTaskVaultError(error, 'OUTPUT_FORBIDDEN')) return false
    throw error
  }
}

function nameOf(absolutePath: string, { projectRoot }: CachePlaces, home: string): string {
  return isWithin(absolutePath, projectRoot)
    ? relativePathOf(absolutePath, projectRoot)
    : nameElsewhere(absolutePath, home)
}

function outermost(targets: readonly OutputTarget[]): readonly OutputTarget[] {
  const byPath = new Map(targets.map((target) => [target.absolutePath, target]))
  return [...byPath.values()].filter(
    ({ absolutePath }) => !directoriesAbove(absolutePath).some((each) => byPath.has(each)),
  )
}

function nothingFound(name: string): TaskVaultError {
  return new TaskVaultError('OUTPUT_MISSING', `Output ${name} was not produced`, {
    hint: 'Check the path; it is relative to the project root.',
  })
}
