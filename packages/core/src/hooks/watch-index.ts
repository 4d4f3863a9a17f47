import { lstatSync } from 'node:fs'
import path from 'node:path'
import type { Repository } from '../git/find-repository.ts'
import { findIndexFile, parseIndexBytes, readIndexBytes } from '../git/open-index.ts'
import type { GitOptions } from '../git/run-git.ts'

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
  let kept: string | undefined
  const listContents = (): string => {
    const bytes = readIndexBytes(repository, { indexFile })
    return bytes === undefined ? '' : list(bytes, repository, options)
  }
  return {
    keep() {
      if (kept === undefined && stampOf(file) === stampBefore) kept = listContents()
    },
    hasChanged: () => stampOf(file) !== stampBefore && listContents() !== kept,
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

function stampOf(file: string): string | undefined {
  const stats = lstatSync(file, { bigint: true, throwIfNoEntry: false })
  return stats && `${stats.ino} ${stats.size} ${stats.mtimeNs} ${stats.ctimeNs}`
}
