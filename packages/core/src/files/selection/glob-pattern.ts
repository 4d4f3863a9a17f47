import { isAbsolute, relative, sep } from 'node:path'
import picomatch from 'picomatch/posix.js'
import { TaskVaultError } from '../../errors.ts'

// `posix` is for `[!a]` and `[[:alpha:]]`.
const GLOB_OPTIONS = { dot: true, nonegate: true, posix: true } as const

/** One line of a task's inputs, ready to be held against paths relative to the project root. */
export interface GlobPattern {
  /** As it was written. */
  readonly text: string
  readonly isExclusion: boolean
  /** Whether it may match nothing. */
  readonly isOptional: boolean
  /** The one path that it names, when it has no glob characters. */
  readonly literal: string | undefined
  matches(relativePath: string): boolean
  /** Whether it matches everything that is or could be below a directory. */
  covers(directory: string): boolean
  /**
   * Whether it can match anything below the directory `name`, whose path has `depth` segments before
   * it, given that it can match something below the directory's parent.
   */
  canEnter(name: string, depth: number): boolean
}

/**
 * Reads one input pattern. `!` in front excludes and `?` in front makes it optional. Wildcards match
 * names that begin with a dot too. A pattern whose last segment has no wildcard means a file of that
 * name or everything below a directory of it; with `/` at its end, only the latter. A path that is
 * spelled exactly like the pattern always matches, so `app/[id]/page.tsx` works unescaped.
 * Exclusions follow the same rules as inclusions: `!**\/*.md`, not `!*.md`, is for any depth. On Windows a
 * backslash separates names, too, unless it is in front of a bracket or `!`.
 * @throws {TaskVaultError} ARGUMENT_INVALID when it is empty, malformed, or leads out of the project.
 */
export function parseGlobPattern(
  text: string,
  projectRoot: string,
  platform: NodeJS.Platform = process.platform,
): GlobPattern {
  const isExclusion = text.startsWith('!')
  const isOptional = text.startsWith('?')
  const given = isExclusion || isOptional ? text.slice(1) : text
  const written = withSlashes(given, platform)
  if (written.trim() === '') throw invalid(text, 'it is empty')
  const segments = toSegments(text, toProjectPath(written, projectRoot))
  const isTree = segments.at(-1) === '**' || written.endsWith('/') || segments.length === 0
  while (segments.at(-1) === '**') segments.pop()
  const path = segments.join('/')
  const shape = { isTree, isPlainEnded: !isMagic(segments.at(-1) ?? '') }
  const matcher = isMagic(path)
    ? matchGlob(text, path, shape)
    : matchPlainPath(unescape(path), shape)
  const literal = isMagic(path) || isTree ? undefined : unescape(path)
  const canEnter = createEntryTest(segments, isTree || shape.isPlainEnded)
  return { text, isExclusion, isOptional, literal, canEnter, ...matcher }
}

/**
 * A glob whose names are separated by `/`. On Windows a backslash does that, but in front of what it must keep
 * from being a wildcard: brackets are in names there as elsewhere, and `*` and `?` in none.
 */
export function withSlashes(pattern: string, platform: NodeJS.Platform): string {
  return platform === 'win32' ? pattern.replaceAll(/\\(?![[\]{}()!])/g, '/') : pattern
}

const SIGNS = /[\\*?[\]{}()!]/g

/** A pattern that matches just this path. @param relativePath with `/`. */
export function escapeGlob(relativePath: string): string {
  return relativePath.replaceAll(SIGNS, String.raw`\$&`)
}

interface Shape {
  /** Matches only what is below the path. */
  readonly isTree: boolean
  readonly isPlainEnded: boolean
}

type Matcher = Pick<GlobPattern, 'matches' | 'covers'>

function matchPlainPath(path: string, { isTree }: Shape): Matcher {
  if (path === '') return { matches: () => true, covers: () => true }
  const below = `${path}/`
  return {
    matches: (candidate) => candidate.startsWith(below) || (!isTree && candidate === path),
    covers: (directory) => directory === path || directory.startsWith(below),
  }
}

function matchGlob(text: string, path: string, { isTree, isPlainEnded }: Shape): Matcher {
  const exact = isTree ? undefined : compile(text, path)
  const below = isTree || isPlainEnded ? compile(text, `${path}/**/*`) : undefined
  return {
    matches: (candidate) =>
      exact?.test(candidate) === true || below?.test(candidate) === true || candidate === path,
    // Any name will do: the expression ends in `/**/*`, which matches whatever comes after.
    covers: (directory) => below?.test(`${directory}/any`) === true,
  }
}

/**
 * Follows the pattern's segments down the tree. From the first segment on whose depth is not fixed,
 * everything may match.
 */
function createEntryTest(
  segments: readonly string[],
  isOpenEnded: boolean,
): GlobPattern['canEnter'] {
  const openAt = segments.findIndex((segment) => segment.includes('**') || !isBalanced(segment))
  const fixed = (openAt === -1 ? segments : segments.slice(0, openAt)).map(createNameTest)
  const goesOn = isOpenEnded || openAt !== -1
  return (name, depth) => {
    if (depth >= fixed.length) return goesOn
    return fixed[depth]?.(name) === true && (goesOn || depth < fixed.length - 1)
  }
}

function createNameTest(segment: string): (name: string) => boolean {
  if (!isMagic(segment)) return (name) => name === unescape(segment)
  const expression = picomatch.makeRe(segment, GLOB_OPTIONS)
  return (name) => name === segment || expression.test(name)
}

/** A brace or group that spans a `/` makes halves that mean nothing by themselves. */
function isBalanced(segment: string): boolean {
  const count = (characters: RegExp): number => segment.match(characters)?.length ?? 0
  return count(/[{([]/g) === count(/[})\]]/g)
}

/** Whether a glob matches more than one text: it has a wildcard that is not escaped. */
function isMagic(path: string): boolean {
  return /[*?[\]{}()\\]/.test(path.replaceAll(/\\./gs, ''))
}

function unescape(path: string): string {
  return path.replaceAll(/\\(.)/gs, '$1')
}

function compile(text: string, path: string): RegExp {
  try {
    return picomatch.makeRe(path, { ...GLOB_OPTIONS, strictBrackets: true })
  } catch (error) {
    throw invalid(text, error instanceof Error ? error.message : String(error))
  }
}

/** Absolute paths are taken for what they are in the project, since scripts like to write `$PWD/src`. */
function toProjectPath(written: string, projectRoot: string): string {
  if (!isAbsolute(written)) return written
  const inside = relative(projectRoot, written).replaceAll(sep, '/')
  return isAbsolute(inside) ? '..' : inside
}

function toSegments(text: string, path: string): string[] {
  const segments = path.split('/').filter((segment) => segment !== '' && segment !== '.')
  if (segments.includes('..')) throw invalid(text, 'it points outside the project')
  return segments
}

function invalid(text: string, because: string): TaskVaultError {
  return new TaskVaultError(
    'ARGUMENT_INVALID',
    `Cannot use the input ${JSON.stringify(text)}: ${because}`,
    {
      hint: 'Write a path or glob relative to the project root; a backslash makes a character literal.',
    },
  )
}
