import { openKnownSources } from '../../files/selection/known-sources.ts'
import type { KnownSources } from '../../files/selection/known-sources.ts'
import {
  entersPath,
  findOutputMatches,
  findUndivided,
  isDependencies,
  mayMatchBelow,
  parseOutputPattern,
} from '../../files/selection/output-patterns.ts'
import type { OutputMatch, OutputPattern } from '../../files/selection/output-patterns.ts'
import { createRepositoryFinder } from '../../git/repository-finder.ts'
import type { Environment } from '../../git/run-git.ts'
import type { LeftOut } from '../../model/left-out.ts'
import type { OutputPlaces } from './output-targets.ts'

/** What the patterns of a task's outputs select. Paths are relative to the project root, with `/`. */
export interface TaskProducts {
  readonly patterns: readonly OutputPattern[]
  /**
   * Whether a file or symlink belongs to the task: a pattern matches it, and it cannot be a source. In a directory
   * that a pattern names, everything belongs to the task, unless git tracks something there; elsewhere, only
   * what git ignores.
   */
  has(file: string): boolean
  /** Whether something at or below a path is a source: git tracks it, or it belongs to another repository. */
  holdsSources(path: string): boolean
  /** The outermost directory at or around a path that belongs to the task as a whole; undefined when there is none. */
  findWhole(path: string): string | undefined
  /** The outermost directory at or around a path that a pattern names and that is the task's, whatever is left out in it. */
  findNamed(path: string): string | undefined
  /** By which pattern a path is matched last, whether it may be a source or not. */
  findMatch(path: string): OutputMatch | undefined
  /**
   * Why something that is not the task's is left out, if whoever wrote the patterns may not expect that: it is not
   * tracked, and a pattern names it, or is about files and matches a directory.
   */
  explainLeftOut(path: string, unsaved: Unsaved): LeftOut | undefined
  /** Whether the patterns may match something in a directory. */
  mayBeBelow(directory: string): boolean
}

/** Something that no entry has, and what `findMatch` says of it. */
export interface Unsaved {
  readonly kind: 'directory' | 'file' | 'symlink'
  readonly match: OutputMatch | undefined
}

export interface ProductPlaces {
  /** Absolute. */
  readonly projectRoot: string
  readonly env: Environment
}

/** What decides where a task's outputs may be. */
export type TaskPlaces = ProductPlaces & OutputPlaces

/** @throws {TaskVaultError} ARGUMENT_INVALID when a pattern is malformed; later GIT_FAILED, INPUT_UNREADABLE. */
export function createTaskProducts(
  texts: readonly string[],
  { projectRoot, env }: ProductPlaces,
): TaskProducts {
  const patterns = texts.map((text) => parseOutputPattern(text, projectRoot))
  const sources = openKnownSources(projectRoot, createRepositoryFinder(env))

  const isTheTasks = ({ pattern, place }: OutputMatch): boolean =>
    pattern.isNamed && !sources.hasSources(place)
  const findOwnMatches = (path: string): readonly OutputMatch[] =>
    findOutputMatches(patterns, path).filter(isTheTasks)

  return {
    patterns,
    has(file) {
      const matches = findOutputMatches(patterns, file)
      if (matches.length === 0) return false
      return (
        matches.some((match) => match.place !== file && isTheTasks(match)) ||
        !sources.mayBeSource(file)
      )
    },
    holdsSources: (path) => sources.hasSources(path),
    findWhole(path) {
      return outermost(
        findOwnMatches(path).flatMap((match) => findUndivided(patterns, match, path) ?? []),
      )
    },
    findNamed: (path) => outermost(findOwnMatches(path).map(({ place }) => place)),
    findMatch: (path) => findOutputMatches(patterns, path)[0],
    explainLeftOut(path, { kind, match }) {
      if (match === undefined || match.place !== path) return undefined
      const { pattern } = match
      const because = whyLeftOut(path, kind, { pattern, sources })
      return because && { relativePath: path, pattern: pattern.glob.text, because }
    },
    mayBeBelow: (directory) => mayMatchBelow(patterns, directory),
  }
}

/** Of directories of one path. */
function outermost(directories: readonly string[]): string | undefined {
  return directories.toSorted((a, b) => a.length - b.length)[0]
}

interface Expected {
  readonly pattern: OutputPattern
  readonly sources: KnownSources
}

function whyLeftOut(
  path: string,
  kind: Unsaved['kind'],
  { pattern, sources }: Expected,
): LeftOut['because'] | undefined {
  const { isNamed, glob } = pattern
  if (kind !== 'directory') {
    if (!isNamed || sources.hasSources(path)) return undefined
    return kind === 'symlink' ? 'link-not-ignored' : 'not-ignored'
  }
  if (sources.isElsewhere(path)) return isNamed ? 'other-repository' : undefined
  if (isNamed || entersPath(glob, path) || isDependencies(path)) return undefined
  return sources.mayTakeSources(path) || sources.hasSources(path) ? undefined : 'directory'
}
