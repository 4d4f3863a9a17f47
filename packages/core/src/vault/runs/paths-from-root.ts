import path from 'node:path'
import { isWithin } from '../../files/is-within.ts'

/** Where a command is asked for, and in which project. */
export interface CommandPlace {
  /** Paths that come with it are relative to this; absolute. */
  readonly cwd: string
  /** Absolute. */
  readonly projectRoot: string
}

/**
 * A path relative to the root that means what `named` means in its place. An absolute one that is outside of
 * the project stays as it is, so that whoever refuses it names what was typed; so does such a glob.
 */
export function pathFromRoot(named: string, { cwd, projectRoot }: CommandPlace): string {
  if (path.isAbsolute(named) && !isWithin(named, projectRoot)) return named
  return path.relative(projectRoot, path.resolve(cwd, named)) || '.'
}

/** A glob relative to the root that means what `pattern` means in its place. */
export function patternFromRoot(pattern: string, { cwd, projectRoot }: CommandPlace): string {
  const marks = /^[!?]*/.exec(pattern)?.[0] ?? ''
  const body = pattern.slice(marks.length)
  if (path.isAbsolute(body) && !isWithin(body, projectRoot)) return pattern
  if (path.isAbsolute(body)) return marks + toSlashes(path.relative(projectRoot, body))
  const prefix = literally(path.relative(projectRoot, cwd))
  return prefix === '' ? pattern : marks + path.posix.join(prefix, body)
}

/** The pattern that leaves out this one file; undefined for one that lies outside of the project. */
export function exclusionOf(absolutePath: string, projectRoot: string): string | undefined {
  if (!isWithin(absolutePath, projectRoot) || absolutePath === projectRoot) return undefined
  return `!${literally(path.relative(projectRoot, absolutePath))}`
}

/** A pattern whose signs mean nothing but themselves. */
function literally(relativePath: string): string {
  return toSlashes(relativePath).replaceAll(/[\\*?[\]{}()!]/g, String.raw`\$&`)
}

function toSlashes(relativePath: string): string {
  return relativePath.split(path.sep).join('/')
}
