import { relative, sep } from 'node:path'

/** The path from a directory, with `/` on every system; empty for the directory itself. */
export function relativePathOf(absolutePath: string, directory: string): string {
  return relative(directory, absolutePath).split(sep).join('/')
}
