import path from 'node:path'
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
  const place = placeOf(absolutePath)
  const segments = place === '' ? [] : place.split('/')
  let decision: Decision = { index: -1, isWanted: false, below: [...rules.patterns.keys()] }
  for (const [depth, name] of segments.entries()) {
    const above = segments.slice(0, depth + 1).join('/')
    decision = decideBelow(rules, decision, { place: above, name, depth })
  }
  return decision
}

/** For paths that come by directories: what is above them is decided once. */
export function createDecider(rules: DecisionRules): (absolutePath: string) => Decision {
  let directory: string | undefined
  let above: Decision | undefined
  return (absolutePath) => {
    if (above === undefined || path.dirname(absolutePath) !== directory) {
      directory = path.dirname(absolutePath)
      above = decide(rules, directory)
    }
    const place = placeOf(absolutePath)
    const depth = place.split('/').length - 1
    return decideBelow(rules, above, { place, name: path.basename(absolutePath), depth })
  }
}

export interface Step {
  readonly place: string
  readonly name: string
  readonly depth: number
}

export function decideBelow(
  { patterns }: DecisionRules,
  above: Decision,
  { place, name, depth }: Step,
): Decision {
  const last = patterns.findLastIndex(({ glob }) => glob.matches(place))
  const index = Math.max(above.index, last)
  const below = above.below.filter((at) => patterns[at]?.glob.canEnter(name, depth) === true)
  return { index, isWanted: patterns[index]?.glob.isExclusion === false, below }
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
