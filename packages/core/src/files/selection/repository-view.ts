/** What git knows of a work tree, as far as it decides which files count as inputs. */
export interface RepositoryView {
  /** Absolute path of the work tree's root. */
  readonly workTree: string
  /** The text of `info/exclude`: rules like those of a .gitignore at the root, and weaker. */
  readonly excludeText: string
  /** Whether the path, relative to the work tree, is tracked: a file, a symlink, or a submodule. */
  isTracked(path: string): boolean
  /** Whether anything below the directory is tracked. */
  hasTrackedBelow(directory: string): boolean
}

/** Finds work trees. It lies in git/; here is only what the walk needs of it. */
export interface RepositoryFinder {
  /**
   * The innermost repository around a directory, with the directory's path in it: empty, or with
   * `/` at its end.
   */
  findAround(
    directory: string,
  ): { readonly view: RepositoryView; readonly prefix: string } | undefined
  /** The repository that is rooted in exactly this directory. */
  openAt(directory: string): RepositoryView | undefined
}
