import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'

/** One file of a package's own code, tests aside. */
export interface Source {
  /** Relative to the repository's root, with `/`. */
  readonly relativePath: string
  readonly text: string
}

/** All code of all packages below `root`, in the order of their paths; tests are left out. */
export function readSources(root: string): readonly Source[] {
  return globSync('{packages,actions}/*/src/**/*.ts', { cwd: root })
    .map((found) => found.split(path.sep).join('/'))
    .filter(
      (relativePath) => !relativePath.endsWith('.test.ts') && !/\/testing\//.test(relativePath),
    )
    .toSorted()
    .map((relativePath) => ({
      relativePath,
      text: readFileSync(path.join(root, relativePath), 'utf8'),
    }))
}
