/** What a pattern of the outputs matches, but no entry has. */
export interface LeftOut {
  /** Relative to the project root, with `/`. */
  readonly relativePath: string
  readonly pattern: string
  readonly because: 'not-ignored' | 'link-not-ignored' | 'directory' | 'other-repository'
}

/** Why it was left out, and what to do if it is an output: `dist/a.js may be a source, as …. Add it to …`. */
export function describeLeftOut({ relativePath, pattern, because }: LeftOut): string {
  switch (because) {
    case 'not-ignored':
      return `${relativePath} may be a source, as git does not ignore it. Add it to .gitignore, or name it without wildcards`
    case 'link-not-ignored':
      return `${relativePath} may be a source, as git does not ignore it: what ends in a slash in .gitignore matches no symlinks. Write it there without the slash, or name it without wildcards`
    case 'directory':
      return `${relativePath} is a directory, and ${pattern} selects only files. Add ${pattern}/** for what is in it`
    case 'other-repository':
      return `${relativePath} lies in another repository, which patterns do not go into. Name it without wildcards`
  }
}
