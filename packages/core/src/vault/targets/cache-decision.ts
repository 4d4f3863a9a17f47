import { placeOf } from './cache-pattern.ts'
import type { CachePattern } from './cache-pattern.ts'

export interface DecisionRules {
  /** The last one that matches a path decides about it, and about what is below. */
  readonly patterns: readonly CachePattern[]
}

/** Which pattern has the last word on a path, and which of those after it can match something below. */
export interface Decision {
  readonly index: number
  readonly isWanted: boolean
  readonly below: readonly number[]
}

export function decide(rules: DecisionRules, absolutePath: string): Decision {
  return decidePlace(rules, placeOf(absolutePath))
}

function decidePlace(rules: DecisionRules, place: string): Decision {
  if (place === '') return { index: -1, isWanted: false, below: [...rules.patterns.keys()] }
  return decideBelow(rules, decidePlace(rules, dirOf(place)), place)
}

/** For paths that come by directories: what is above them is decided once. */
export function createDecider(rules: DecisionRules): (absolutePath: string) => Decision {
  let last: { readonly directory: string; readonly decision: Decision } | undefined
  return (absolutePath) => {
    const place = placeOf(absolutePath)
    const directory = dirOf(place)
    if (last?.directory !== directory) last = { directory, decision: decidePlace(rules, directory) }
    return decideBelow(rules, last.decision, place)
  }
}

/** @param above what was decided about the directory of the place. */
export function decideBelow({ patterns }: DecisionRules, above: Decision, place: string): Decision {
  const name = place.slice(place.lastIndexOf('/') + 1)
  const depth = place.split('/').length - 1
  const last = patterns.findLastIndex(({ glob }) => glob.matches(place))
  const index = Math.max(above.index, last)
  const below = above.below.filter((at) => patterns[at]?.glob.canEnter(name, depth) === true)
  return { index, isWanted: patterns[index]?.glob.isExclusion === false, below }
}

function dirOf(place: string): string {
  return place.slice(0, Math.max(0, place.lastIndexOf('/')))
}

/** Whether nothing at or below the path is left out. */
export function isWholeDirectory(rules: DecisionRules, absolutePath: string): boolean {
  const decision = decide(rules, absolutePath)
  return decision.isWanted && !canChange(rules, decision)
}

/** Whether a later pattern may decide otherwise about something below. */
export function canChange(
  { patterns }: DecisionRules,
  { index, isWanted, below }: Decision,
): boolean {
  return below.some((at) => at > index && patterns[at]?.glob.isExclusion === isWanted)
}
