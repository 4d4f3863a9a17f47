import path from 'node:path'
import { findRepository, readSmallFile } from './find-repository.ts'

/** What HEAD of a repository points at. */
export interface GitHead {
  /** While a rebase has HEAD detached, the branch that is rebased; undefined when it is detached otherwise. */
  readonly branch: string | undefined
  /** Undefined before the first commit, and where refs are kept in a form that is not plain files. */
  readonly commit: string | undefined
}

const BRANCHES = 'refs/heads/'
const COMMIT = /^[0-9a-f]{40,64}$/

/**
 * Reads HEAD of the repository around a directory from git's own files: no process is started for
 * what every command wants to know. Undefined outside of a repository, and when the files are not
 * what git writes.
 */
export function readGitHead(directory: string): GitHead | undefined {
  const repository = findRepository(directory)?.repository
  if (repository === undefined) return undefined
  const head = firstLine(readSmallFile(path.join(repository.gitDirectory, 'HEAD')))
  if (COMMIT.test(head)) return { branch: readRebasedBranch(repository.gitDirectory), commit: head }
  const ref = /^ref: (refs\/heads\/(.+))$/.exec(head)
  if (ref === null) return undefined
  const [, name = '', branch] = ref
  // A linked work tree has a HEAD of its own, and shares the branches.
  return { branch, commit: readRef(name, repository.commonDirectory) }
}

/** The branch that a rebase will move when it is done: its commits are made for that one. */
function readRebasedBranch(gitDirectory: string): string | undefined {
  const names = ['rebase-merge', 'rebase-apply'].map((state) =>
    firstLine(readSmallFile(path.join(gitDirectory, state, 'head-name'))),
  )
  const ref = names.find((name) => name.startsWith(BRANCHES))
  return ref?.slice(BRANCHES.length)
}

/** A branch's commit: from its own file, else from the packed list. */
function readRef(name: string, commonDirectory: string): string | undefined {
  // A branch's name is a path here, and came from a file that anybody may have written.
  if (name.split('/').includes('..')) return undefined
  const loose = firstLine(readSmallFile(path.join(commonDirectory, name)))
  if (COMMIT.test(loose)) return loose
  const packed = readSmallFile(path.join(commonDirectory, 'packed-refs')) ?? ''
  const line = packed.split('\n').find((each) => each.endsWith(` ${name}`)) ?? ''
  const commit = line.slice(0, line.indexOf(' '))
  return COMMIT.test(commit) ? commit : undefined
}

function firstLine(text: string | undefined): string {
  return text?.split(/\r?\n/, 1)[0] ?? ''
}
