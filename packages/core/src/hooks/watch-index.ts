import { lstatSync } from 'node:fs'
import path from 'node:path'
import type { Repository } from '../git/find-repository.ts'
import { findIndexFile, parseIndexBytes, readIndexBytes } from '../git/open-index.ts'
import type { GitOptions } from '../git/run-git.ts'

/** What will be committed, as of the moment when the watch began. */
export interface IndexWatch {
  /** Whether something else will be committed now. Another stat cache in the same index is no change. */
  hasChanged(): boolean
}

/** Watches the index that a hook is about; it costs nothing until the file is another one. */
export function watchIndex(repository: Repository, git: GitOptions): IndexWatch {
  const indexFile = findIndexFile(repository, git.env)
  const file = indexFile ?? path.join(repository.gitDirectory, 'index')
  const stampBefore = stampOf(file)
  const before = readIndexBytes(repository, { indexFile })
  return {
    hasChanged() {
      if (stampOf(file) === stampBefore) return false
      const after = readIndexBytes(repository, { indexFile })
      if (before === undefined || after === undefined) return before !== after
      const options = { ...git, indexFile }
      return listContents(before, repository, options) !== listContents(after, repository, options)
    },
  }
}

/** Everything of an index that a commit is made of, as one text. */
function listContents(bytes: Buffer, repository: Repository, options: GitOptions): string {
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
