import path from 'node:path'
import { isWithin } from '../../files/is-within.ts'
import { parseGlobPattern } from '../../files/selection/glob-pattern.ts'
import type { GlobPattern } from '../../files/selection/glob-pattern.ts'

export interface PatternPlaces {
  /** Absolute. */
  readonly projectRoot: string
  readonly home: string
}

/** One line of a cache's paths. */
export interface CachePattern {
  /** Against places as `placeOf` gives them. */
  readonly glob: GlobPattern
  /** Absolute: the path itself when it has no wildcards, else the directory of the first one. */
  readonly base: string
  readonly isLiteral: boolean
}

const WILDCARD = /[*?[\]]/

/**
 * Reads a line of a cache's paths, as actions/cache has them: relative to the project, absolute, or at home
 * (`~`); with `*`, `**`, `?` and `[…]`; `!` in front leaves out.
 * @throws {TaskVaultError} ARGUMENT_INVALID when it is malformed.
 */
export function parseCachePattern(line: string, places: PatternPlaces): CachePattern {
  const isExclusion = line.startsWith('!')
  const segments = resolveSegments(isExclusion ? line.slice(1).trim() : line, places)
  const wild = segments.findIndex(isWild)
  const fixed = wild === -1 ? segments : segments.slice(0, wild)
  const base = path.resolve(`/${fixed.map(unescape).join('/')}`.replace(/^\/(?=[A-Za-z]:)/, ''))
  const text = withoutTree(segments, base, places)
    .join('/')
    .replace(/^([A-Za-z]):/, '$1')
  return {
    glob: parseGlobPattern((isExclusion ? '!' : '') + (text === '' ? '**' : text), path.sep),
    base,
    isLiteral: wild === -1,
  }
}

/** An absolute path as patterns know it: without what is before its first name. */
export function placeOf(absolutePath: string): string {
  return absolutePath
    .split(path.sep)
    .join('/')
    .replace(/^([A-Za-z]):/, '$1')
    .replace(/^\/+/, '')
}

function resolveSegments(text: string, { projectRoot, home }: PatternPlaces): string[] {
  const isAtHome = text === '~' || text.startsWith('~/')
  const given = isAtHome ? text.slice(1) : text
  const start = isAtHome ? home : path.isAbsolute(text) ? '' : projectRoot
  const resolved: string[] = []
  for (const segment of [...split(start).map(escape), ...split(given).map(escapeGroups)]) {
    if (segment === '..') resolved.pop()
    else if (segment !== '' && segment !== '.') resolved.push(segment)
  }
  return resolved
}

/**
 * `dist/**` is `dist`, with its mode and its times. What has to stay as it is, such as the home directory,
 * is not meant by what lies in it.
 */
function withoutTree(
  segments: readonly string[],
  base: string,
  { projectRoot, home }: PatternPlaces,
): readonly string[] {
  if (isWithin(home, base) || (base !== projectRoot && isWithin(projectRoot, base))) return segments
  return segments.slice(0, segments.findLastIndex((segment) => segment !== '**') + 1)
}

function split(text: string): string[] {
  // On Windows nobody means an escape by a backslash.
  return (path.sep === '/' ? text : text.replaceAll(path.sep, '/')).split('/')
}

/** Braces and groups stand for themselves. */
function escapeGroups(segment: string): string {
  return segment.replaceAll(/(?<!\\)[{}()]/g, String.raw`\$&`)
}

function escape(segment: string): string {
  return segment.replaceAll(/[*?[\]{}()\\]/g, String.raw`\$&`)
}

function unescape(segment: string): string {
  return segment.replaceAll(/\\(.)/gs, '$1')
}

function isWild(segment: string): boolean {
  return WILDCARD.test(segment.replaceAll(/\\./gs, ''))
}
