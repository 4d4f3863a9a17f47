import { TaskVaultError, isTaskVaultError } from '../../errors.ts'
import { namesAbove } from '../names-above.ts'
import { RESERVED_NAMES } from '../reserved-names.ts'
import { escapeGlob, parseGlobPattern, withSlashes } from './glob-pattern.ts'
import type { GlobPattern } from './glob-pattern.ts'

/** A line of a task's outputs that is a pattern, or from which a later `!` line excludes something. */
export interface OutputPattern {
  readonly glob: GlobPattern
  /** Whether its last name has no wildcard, so that it means directories of that name, with everything in them. */
  readonly isNamed: boolean
  /** Whether it names `node_modules`, which wildcards do not match. */
  readonly saysDependencies: boolean
}

/** Where a pattern matches. */
export interface OutputMatch {
  readonly pattern: OutputPattern
  /** The path itself, or the directory around it that the pattern names. */
  readonly place: string
}

const DEPENDENCIES = 'node_modules'
const WILDCARD = /\*|\{[^{}]*,[^{}]*\}/

/**
 * Whether an output is a pattern: it contains `*` or a list in braces, or begins with `!` or `?`. Brackets do not make it
 * one, because names of routes often have them.
 */
function isOutputPattern(output: string): boolean {
  const { mark, isGlob } = readOutput(output)
  return mark !== '' || isGlob
}

/** Splits an output into the mark in front of it, if any, and a glob or a path. */
export function readOutput(output: string): {
  readonly mark: string
  readonly body: string
  readonly isGlob: boolean
} {
  const mark = /^[!?]/.exec(output)?.[0] ?? ''
  const body = output.slice(mark.length)
  return { mark, body, isGlob: WILDCARD.test(body) }
}

/** Whether an output is a path or a valid pattern, in any project. */
export function isSoundOutput(output: string): boolean {
  if (!isOutputPattern(output)) return true
  try {
    parseOutputPattern(globOf(output), '/')
    return true
  } catch (error) {
    if (!isTaskVaultError(error, 'ARGUMENT_INVALID')) throw error
    return false
  }
}

export interface DividedOutputs {
  /** Outputs that are paths, as they were written. */
  readonly paths: readonly string[]
  /** Globs, in the order of the lines: patterns, and paths from which a later `!` excludes something. */
  readonly patterns: readonly string[]
}

/**
 * Separates the outputs that are patterns from those that are paths.
 * @throws {TaskVaultError} ARGUMENT_INVALID when a pattern is malformed, leads out of the project, or has no name in it;
 * or when all lines are exclusions.
 */
export function divideOutputs(outputs: readonly string[], projectRoot: string): DividedOutputs {
  if (!outputs.some(isOutputPattern)) return { paths: outputs, patterns: [] }
  const lines = outputs.map((text) => ({ text, glob: globOf(text) }))
  const parsed = lines.map(({ glob }) => parseOutputPattern(glob, projectRoot))
  const isPath = ({ text, glob }: (typeof lines)[number], at: number): boolean =>
    !isOutputPattern(text) &&
    !parsed
      .slice(at + 1)
      .some(({ glob: later }) => later.isExclusion && reaches(later, pathOf(glob)))
  const paths = lines.filter(isPath).map(({ text }) => text)
  const patterns = lines.filter((line, at) => !isPath(line, at)).map(({ glob }) => glob)
  if (patterns.some((text) => !text.startsWith('!'))) return { paths, patterns }
  if (paths.length === 0) throw onlyExclusions(outputs)
  return { paths, patterns: [] }
}

/**
 * Reads one pattern, as `divideOutputs` returns it.
 * @throws {TaskVaultError} ARGUMENT_INVALID.
 */
export function parseOutputPattern(text: string, projectRoot: string): OutputPattern {
  const { mark, body } = readOutput(text)
  const stem = body.replace(/(\/\*\*(\/\*)?)?\/*$/, '')
  const isNamed = stem !== '' && !isWild(lastName(stem))
  // `dist/**` means `dist`; `packages/*/**` has no name at its end.
  const glob =
    isNamed && mark !== '!'
      ? parseNamed(text, mark + stem, projectRoot)
      : parse(text, mark + body, projectRoot)
  const segments = stem.split('/')
  if (mark !== '!' && segments.every((each) => /^[*?.]*$/.test(each)))
    throw invalid(text, 'it contains no name, and would select the whole project')
  const reserved = segments.find((each) => RESERVED_NAMES.has(each.toLowerCase()))
  if (mark !== '!' && reserved !== undefined)
    throw invalid(text, `nothing is ever restored into ${reserved}`)
  return { glob, isNamed, saysDependencies: segments.includes(DEPENDENCIES) }
}

/**
 * The matches of all patterns that have a say about a path, the last pattern's first: those behind the last exclusion
 * that matches it.
 */
export function findOutputMatches(
  patterns: readonly OutputPattern[],
  relativePath: string,
): readonly OutputMatch[] {
  const matches: OutputMatch[] = []
  for (const pattern of patterns.toReversed()) {
    if (pattern.glob.isExclusion) {
      if (pattern.glob.matches(relativePath)) break
      continue
    }
    const place = placeOf(pattern, relativePath)
    if (place !== undefined) matches.push({ pattern, place })
  }
  return matches
}

/**
 * The outermost directory, from the place of a match down to a path, in which no later line can exclude anything;
 * undefined when there is none.
 */
export function findUndivided(
  patterns: readonly OutputPattern[],
  { pattern, place }: OutputMatch,
  relativePath: string,
): string | undefined {
  const later = patterns.slice(patterns.indexOf(pattern) + 1).filter(({ glob }) => glob.isExclusion)
  return [...namesAbove(relativePath), relativePath].find(
    (each) => each.length >= place.length && !later.some(({ glob }) => reaches(glob, each)),
  )
}

/** Whether a pattern matches one of the paths, or may match nothing. */
export function isFulfilled({ glob }: OutputPattern, paths: readonly string[]): boolean {
  return glob.isExclusion || glob.isOptional || paths.some((path) => glob.matches(path))
}

/** Whether a walk has to look into a directory. */
export function mayMatchBelow(patterns: readonly OutputPattern[], directory: string): boolean {
  const isPlain = !isDependencies(directory)
  return patterns.some(
    (pattern) =>
      !pattern.glob.isExclusion &&
      entersPath(pattern.glob, directory) &&
      (isPlain || pattern.saysDependencies || placeOf(pattern, directory) !== undefined),
  )
}

/** Whether wildcards do not match a directory. */
export function isDependencies(directory: string): boolean {
  return lastName(directory) === DEPENDENCIES
}

/** The outermost place on the way to a path where the pattern matches; it means everything below a named directory. */
function placeOf(
  { glob, isNamed, saysDependencies }: OutputPattern,
  path: string,
): string | undefined {
  if (!glob.matches(path)) return undefined
  const place = isNamed ? (namesAbove(path).find((each) => glob.matches(each)) ?? path) : path
  const above = place.split('/').slice(0, -1)
  return saysDependencies || !above.includes(DEPENDENCIES) ? place : undefined
}

/** Whether a pattern matches a path, or may match something below it. */
function reaches(glob: GlobPattern, place: string): boolean {
  return glob.matches(place) || entersPath(glob, place)
}

/** Whether a pattern may match something below a directory. */
export function entersPath(glob: GlobPattern, directory: string): boolean {
  return directory.split('/').every((name, depth) => glob.canEnter(name, depth))
}

/** A line as a glob; a path becomes a glob that matches just that path. */
function globOf(output: string): string {
  const { mark, body, isGlob } = readOutput(output)
  return mark + (isGlob ? withSlashes(body, process.platform) : escapeGlob(plain(body)))
}

/** Without a slash at the end, and with `/` on Windows too. */
function plain(body: string): string {
  const path = process.platform === 'win32' ? body.replaceAll('\\', '/') : body
  return path.replace(/\/+$/, '')
}

function pathOf(glob: string): string {
  const path = glob.replaceAll(/\\(.)/gs, '$1')
  return path
    .split('/')
    .filter((each) => each !== '' && each !== '.')
    .join('/')
}

/** Whether it is not a name or a list of names. */
function isWild(name: string): boolean {
  const others = name.replaceAll(/\\./gs, '').replaceAll(/\{[^*?[\]{}()]*\}/g, '')
  return /[*?[\]{}()]/.test(others)
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** A list of names at the end of a pattern means the same as each of them would. */
function parseNamed(text: string, glob: string, projectRoot: string): GlobPattern {
  const itself = parse(text, glob, projectRoot)
  if (!lastName(glob).includes('{')) return itself
  const below = parse(text, `${glob}/**`, projectRoot)
  return { ...below, matches: (path) => itself.matches(path) || below.matches(path) }
}

function parse(text: string, glob: string, projectRoot: string): GlobPattern {
  try {
    return parseGlobPattern(glob, projectRoot)
  } catch (error) {
    if (!isTaskVaultError(error, 'ARGUMENT_INVALID')) throw error
    throw invalid(text, error.message.slice(error.message.lastIndexOf(': ') + 2))
  }
}

function invalid(text: string, because: string): TaskVaultError {
  return new TaskVaultError(
    'ARGUMENT_INVALID',
    `Cannot use the output ${JSON.stringify(text)}: ${because}`,
    {
      hint: 'Write a path or pattern relative to the project root, such as `packages/*/dist`; a backslash makes a character literal.',
    },
  )
}

function onlyExclusions(outputs: readonly string[]): TaskVaultError {
  const texts = outputs.map((text) => JSON.stringify(text)).join(', ')
  return new TaskVaultError(
    'ARGUMENT_INVALID',
    `Nothing is left to keep: all outputs are exclusions (${texts})`,
    { hint: 'First say what the task writes, for example `dist`.' },
  )
}
