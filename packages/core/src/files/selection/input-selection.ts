import { resolve } from 'node:path'
import { TaskVaultError } from '../../errors.ts'
import { relativePathOf } from '../relative-path-of.ts'
import { RESERVED_NAMES } from '../reserved-names.ts'
import { STAGING_PREFIX } from '../scanning/observe-directory.ts'
import { parseGlobPattern } from './glob-pattern.ts'
import type { GlobPattern } from './glob-pattern.ts'

/**
 * The rules by which files count as inputs, the same for the work tree, the index and a commit:
 *
 * - The last pattern that matches a path decides; no pattern, no input.
 * - `.git` and `.taskvault` never count, at any depth.
 * - What the task itself writes does not count, unless a pattern is exactly its path.
 * - Every pattern selects at least one file, unless it is optional or an exclusion.
 */
export interface InputSelection {
  readonly patterns: readonly GlobPattern[]
  /** Whether a name can never be an input, nor anything below it. */
  isNever(name: string): boolean
  /** The patterns among `patterns` that may select something below a directory. */
  entering(patterns: readonly GlobPattern[], directory: DirectoryPlace): readonly GlobPattern[]
  /** Whether a file or symlink is wanted; `patterns` are those that may match in its directory. */
  wants(relativePath: string, patterns: readonly GlobPattern[]): boolean
  /**
   * Whether everything or nothing below a directory is wanted; `each` when it depends on the path, or
   * a pattern is still waiting for what it must select.
   */
  wantsBelow(directory: string): 'all' | 'none' | 'each'
  /** Notes that a path that is wanted is there, and is an input. */
  take(relativePath: string): void
  /** Whether a pattern is exactly this path. */
  isNamed(relativePath: string): boolean
  /** Notes that a path was left out because git ignores it, for the message about a missing input. */
  noteIgnored(relativePath: string, patterns: readonly GlobPattern[]): void
  /** @throws {TaskVaultError} INPUT_MISSING when a pattern selected nothing that should have. */
  assertComplete(): void
}

export interface DirectoryPlace {
  readonly relativePath: string
  readonly name: string
  /** How many directories its path has before it. */
  readonly depth: number
}

function isNever(name: string): boolean {
  return RESERVED_NAMES.has(name) || name.startsWith(STAGING_PREFIX)
}

export interface SelectionRules {
  readonly patterns: readonly string[]
  /** Paths that the task writes, relative to the project root. */
  readonly outputs?: readonly string[]
  /** Whether the task writes a path that patterns of its outputs select. */
  readonly isProduct?: ((relativePath: string) => boolean) | undefined
}

/**
 * Makes the selection for one walk or listing; it remembers what each pattern has selected.
 * @throws {TaskVaultError} ARGUMENT_INVALID when a pattern is malformed, or all are exclusions.
 */
export function createInputSelection(projectRoot: string, rules: SelectionRules): InputSelection {
  const patterns = rules.patterns.map((text) => parseGlobPattern(text, projectRoot))
  const outputs = toProjectPaths(projectRoot, rules.outputs ?? [])
  const isOutput = (path: string): boolean =>
    outputs.some((output) => isWithin(path, output)) || rules.isProduct?.(path) === true
  const named = new Set(
    patterns.flatMap(({ isExclusion, literal }) => (isExclusion ? [] : (literal ?? []))),
  )
  const unfulfilled = new Set(patterns.filter((one) => !one.isExclusion && !one.isOptional))
  const leftOut = new Map<GlobPattern, LeftOut>()
  if (patterns.length > 0 && patterns.every((one) => one.isExclusion))
    throw onlyExclusions(patterns)

  function note(because: LeftOut['because'], path: string, among: readonly GlobPattern[]): void {
    for (const pattern of unfulfilled) {
      if (!leftOut.has(pattern) && among.includes(pattern)) leftOut.set(pattern, { because, path })
    }
  }

  return {
    patterns,
    isNever,
    entering: enteringPatterns,
    wants(path, among) {
      const decisive = among.findLast((pattern) => pattern.matches(path))
      if (decisive === undefined) return false
      const isWritten = !named.has(path) && isOutput(path)
      if (!decisive.isExclusion && !isWritten) return true
      if (unfulfilled.size > 0) note(isWritten ? 'output' : 'excluded', path, matching(among, path))
      return false
    },
    wantsBelow(directory) {
      const entering = enterPath(patterns, directory)
      if (entering.length === 0) return 'none'
      if (rules.isProduct !== undefined || overlaps(outputs, directory)) return 'each'
      if (enterPath([...unfulfilled], directory).length > 0) return 'each'
      const last = entering.at(-1)
      return last?.isExclusion === false && last.covers(directory) ? 'all' : 'each'
    },
    take(path) {
      for (const pattern of unfulfilled) if (pattern.matches(path)) unfulfilled.delete(pattern)
    },
    isNamed: (path) => named.has(path),
    noteIgnored(path, among) {
      if (unfulfilled.size > leftOut.size) note('ignored', path, among)
    },
    assertComplete() {
      if (unfulfilled.size > 0) throw inputsMissing([...unfulfilled], leftOut)
    },
  }
}

/** Outputs are plain paths: their characters mean nothing but themselves. */
function toProjectPaths(projectRoot: string, outputs: readonly string[]): string[] {
  return outputs.map((output) => relativePathOf(resolve(projectRoot, output), projectRoot))
}

function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`)
}

function overlaps(outputs: readonly string[], directory: string): boolean {
  return outputs.some((output) => isWithin(output, directory) || isWithin(directory, output))
}

/** The patterns that may select something below a directory, told from its path alone. */
function enterPath(among: readonly GlobPattern[], directory: string): readonly GlobPattern[] {
  let entering = among
  let relativePath = ''
  for (const [depth, name] of directory.split('/').entries()) {
    relativePath = relativePath === '' ? name : `${relativePath}/${name}`
    if (isNever(name)) return []
    entering = enteringPatterns(entering, { relativePath, name, depth })
  }
  return entering
}

/** A directory that the last word on is an exclusion of everything in it need not be looked into. */
function enteringPatterns(
  among: readonly GlobPattern[],
  { relativePath, name, depth }: DirectoryPlace,
): readonly GlobPattern[] {
  const entering = among.filter((pattern) => pattern.canEnter(name, depth))
  const closedBy = entering.findLastIndex(
    (pattern) => pattern.isExclusion && pattern.covers(relativePath),
  )
  const open = closedBy === -1 ? entering : entering.slice(closedBy + 1)
  return open.some((pattern) => !pattern.isExclusion) ? open : []
}

function matching(among: readonly GlobPattern[], path: string): readonly GlobPattern[] {
  return among.filter((pattern) => pattern.matches(path))
}

interface LeftOut {
  readonly because: 'ignored' | 'output' | 'excluded'
  readonly path: string
}

/** All at once: who writes a list of patterns wants to correct it once. */
function inputsMissing(
  missing: readonly GlobPattern[],
  leftOut: ReadonlyMap<GlobPattern, LeftOut>,
): TaskVaultError {
  const texts = missing.map(({ text }) => JSON.stringify(text)).join(', ')
  const reasons = missing
    .map((pattern) => leftOut.get(pattern))
    .filter((found) => found !== undefined)
    .map(({ because, path }) => LEFT_OUT_HINTS[because](path))
  return new TaskVaultError(
    'INPUT_MISSING',
    `No file matches the input${missing.length === 1 ? '' : 's'} ${texts}`,
    { hint: [...new Set(reasons), MISSING_HINT].join(' ') },
  )
}

const MISSING_HINT = 'Correct the pattern, or put `?` in front of it if the file is optional.'

const LEFT_OUT_HINTS: Readonly<Record<LeftOut['because'], (path: string) => string>> = {
  ignored: (path) =>
    `${path} is left out because git ignores it; a file that is named in full counts anyway.`,
  output: (path) => `${path} is left out because the task writes it.`,
  excluded: (path) => `${path} is left out by another pattern.`,
}

function onlyExclusions(patterns: readonly GlobPattern[]): TaskVaultError {
  const texts = patterns.map(({ text }) => JSON.stringify(text)).join(', ')
  return new TaskVaultError(
    'ARGUMENT_INVALID',
    `Nothing is left to read: all inputs are exclusions (${texts})`,
    {
      hint: 'First say what to include, for example `**`.',
    },
  )
}
