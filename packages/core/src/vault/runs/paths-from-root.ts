import path from 'node:path'

/** Where a command is asked for, and in which project. */
export interface CommandPlace {
  /** Paths that come with it are relative to this; absolute. */
  readonly cwd: string
  /** Absolute. */
  readonly projectRoot: string
}

/** A path relative to the root that means what `named` means in its place. */
export function pathFromRoot(named: string, { cwd, projectRoot }: CommandPlace): string {
  return path.relative(projectRoot, path.resolve(cwd, named)) || '.'
}

/** A glob relative to the root that means what `pattern` means in its place. */
export function patternFromRoot(pattern: string, { cwd, projectRoot }: CommandPlace): string {
  const marks = /^[!?]*/.exec(pattern)?.[0] ?? ''
  const body = pattern.slice(marks.length)
  if (path.isAbsolute(body)) return marks + toSlashes(path.relative(projectRoot, body))
  const prefix = toSlashes(path.relative(projectRoot, cwd)).replaceAll(
    /[\\*?[\]{}()!]/g,
    String.raw`\$&`,
  )
  return prefix === '' ? pattern : marks + path.posix.join(prefix, body)
}

function toSlashes(relativePath: string): string {
  return relativePath.split(path.sep).join('/')
}
