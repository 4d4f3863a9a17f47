import { lstatSync } from 'node:fs'
import path from 'node:path'
import type { Repository } from '../git/find-repository.ts'
import { findIndexFile, idLength, parseIndexBytes, readIndexBytes } from '../git/open-index.ts'
import type { GitOptions } from '../git/run-git.ts'
import { hasUnwatched } from '../git/unwatched-paths.ts'

/** What will be committed, as of the moment when the watch began. */
export interface IndexWatch {
  /** Keeps what is in the index, to tell contents from times; called before anything runs. */
  keep(): void
  /** Whether something else will be committed now. Times that git has noted anew are no change. */
  hasChanged(): boolean
}

/** Watches the index that a hook is about; it costs nothing until something runs. */
export function watchIndex(repository: Repository, git: GitOptions): IndexWatch {
  const indexFile = findIndexFile(repository, git.env)
  const options = { ...git, indexFile }
  const file = indexFile ?? path.join(repository.gitDirectory, 'index')
  const stampBefore = stampOf(file)
  const read = (): Buffer => readIndexBytes(repository, { indexFile }) ?? Buffer.alloc(0)
  const listContents = (bytes: Buffer): string =>
    bytes.length === 0 ? '' : list(bytes, repository, options)
  let contents: (() => string) | undefined
  return {
    keep() {
      if (contents !== undefined || stampOf(file) !== stampBefore) return
      const bytes = read()
      // What only git can read is read now: later it would be another file.
      const isOurs = hasUnwatched(bytes, idLength(repository)) !== undefined
      const listed = isOurs ? undefined : listContents(bytes)
      contents = () => listed ?? listContents(bytes)
    },
    hasChanged: () => stampOf(file) !== stampBefore && listContents(read()) !== contents?.(),
  }
}

/** Everything of an index that a commit is made of, as one text. */
function list(bytes: Buffer, repository: Repository, options: GitOptions): string {
  return parseIndexBytes(bytes, repository, options)
    .map(({ path: name, mode, id, stage, isIntentToAdd }) =>
      JSON.stringify([name, mode, id, stage, isIntentToAdd]),
    )
    .join('\n')
}

/** Changes with whatever is written to a file, or takes its place; undefined where there is none. */
export function stampOf(file: string): string | undefined {
  const stats = lstatSync(file, { bigint: true, throwIfNoEntry: false })
  return stats && `${stats.ino} ${stats.size} ${stats.mtimeNs} ${stats.ctimeNs}`
}
