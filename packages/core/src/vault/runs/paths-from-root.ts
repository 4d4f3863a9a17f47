import path from 'node:path'
import { isWithin } from '../../files/is-within.ts'
import { escapeGlob, withSlashes } from '../../files/selection/glob-pattern.ts'
import { readOutput } from '../../files/selection/output-patterns.ts'
import { findInProject } from './find-in-project.ts'

/** Where a command is called, and in which project. */
export interface CommandPlace {
  /** What its paths are relative to; absolute. */
  readonly cwd: string
  /** Absolute. */
  readonly projectRoot: string
}

/**
 * Converts a path given in `cwd` to one relative to the project root. An absolute path outside the project is returned
 * unchanged, so that the error about it shows what was typed; the same holds for globs.
 */
export function pathFromRoot(named: string, { cwd, projectRoot }: CommandPlace): string {
  if (!path.isAbsolute(named)) return path.relative(projectRoot, path.resolve(cwd, named)) || '.'
  return (findInProject(path.resolve(named), projectRoot) ?? named) || '.'
}

/** Converts a glob given in `cwd` to one relative to the project root. */
export function patternFromRoot(
  pattern: string,
  { cwd, projectRoot }: CommandPlace,
  platform: NodeJS.Platform = process.platform,
): string {
  const marks = /^[!?]*/.exec(pattern)?.[0] ?? ''
  const body = withSlashes(pattern.slice(marks.length), platform)
  if (path.isAbsolute(body)) {
    const found = findGlobInProject(body, projectRoot)
    return found === undefined ? pattern : marks + found
  }
  const prefix = literally(path.relative(projectRoot, cwd))
  return prefix === '' ? pattern : marks + path.posix.join(prefix, body)
}

/** Converts an output, a path or a pattern, given in `cwd` to one relative to the project root. */
export function outputFromRoot(output: string, place: CommandPlace): string {
  const { mark, body, isGlob } = readOutput(output)
  return isGlob ? patternFromRoot(output, place) : mark + pathFromRoot(body, place)
}

/** The pattern that leaves out this one file; undefined for one that lies outside of the project. */
export function exclusionOf(absolutePath: string, projectRoot: string): string | undefined {
  const found = findInProject(absolutePath, projectRoot) ?? ''
  return found === '' ? undefined : `!${literally(found)}`
}

/** What stands before the first sign of a glob is a directory, which can have another name. */
function findGlobInProject(glob: string, projectRoot: string): string | undefined {
  if (isWithin(glob, projectRoot)) return toSlashes(path.relative(projectRoot, glob))
  const segments = glob.split('/')
  const firstSign = segments.findIndex((segment) => SIGNS.test(segment))
  const plain = segments.slice(0, firstSign === -1 ? undefined : firstSign).join('/')
  const found = findInProject(path.resolve(plain === '' ? '/' : plain), projectRoot)
  if (found === undefined) return undefined
  return firstSign === -1
    ? literally(found)
    : path.posix.join(literally(found), ...segments.slice(firstSign))
}

const SIGNS = /[\\*?[\]{}()!]/

/** A pattern whose signs mean nothing but themselves. */
function literally(relativePath: string): string {
  return escapeGlob(toSlashes(relativePath))
}

function toSlashes(relativePath: string): string {
  return relativePath.split(path.sep).join('/')
}
