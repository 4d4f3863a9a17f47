import { readFileSync, statSync } from 'node:fs'
import path from 'node:path'

/** What HEAD of the repository around a directory points at. */
export interface GitHead {
  /** Undefined when HEAD is detached. */
  readonly branch: string | undefined
  /** Undefined before the first commit, and where refs are kept in a form that is not plain files. */
  readonly commit: string | undefined
}

const COMMIT = /^[0-9a-f]{40,64}$/

/**
 * Reads HEAD from git's own files: no process is started for what every command wants to know.
 * Returns undefined outside of a repository, and when the files are not what git writes.
 */
export function readGitHead(directory: string): GitHead | undefined {
  const gitDirectory = findGitDirectory(directory)
  const head = gitDirectory === undefined ? undefined : readLine(path.join(gitDirectory, 'HEAD'))
  if (gitDirectory === undefined || head === undefined) return undefined
  if (COMMIT.test(head)) return { branch: undefined, commit: head }
  const ref = /^ref: (refs\/heads\/(.+))$/.exec(head)
  if (ref === null) return undefined
  const [, name = '', branch] = ref
  return { branch, commit: readRef(name, gitDirectory) }
}

/** The `.git` of the repository; of a linked work tree or submodule, what its `.git` file names. */
function findGitDirectory(directory: string): string | undefined {
  for (let above = directory; ; above = path.dirname(above)) {
    const candidate = path.join(above, '.git')
    const found = statSync(candidate, { throwIfNoEntry: false })
    if (found?.isDirectory() === true) return candidate
    if (found?.isFile() === true) {
      const target = /^gitdir: (.+)$/.exec(readLine(candidate) ?? '')?.[1]
      return target === undefined ? undefined : path.resolve(above, target)
    }
    if (path.dirname(above) === above) return undefined
  }
}

/** A branch's commit: from its own file, else from the packed list. */
function readRef(name: string, gitDirectory: string): string | undefined {
  // A linked work tree has a HEAD of its own, and shares the branches.
  const common = path.resolve(gitDirectory, readLine(path.join(gitDirectory, 'commondir')) ?? '.')
  // A branch's name is a path here, and came from a file that anybody may have written.
  if (name.split('/').includes('..')) return undefined
  const loose = readLine(path.join(common, name))
  if (loose !== undefined && COMMIT.test(loose)) return loose
  const packed = readText(path.join(common, 'packed-refs')) ?? ''
  const line = packed.split('\n').find((each) => each.endsWith(` ${name}`))
  const commit = line?.slice(0, line.indexOf(' '))
  return commit !== undefined && COMMIT.test(commit) ? commit : undefined
}

function readLine(absolutePath: string): string | undefined {
  return readText(absolutePath)?.split(/\r?\n/, 1)[0]
}

function readText(absolutePath: string): string | undefined {
  try {
    return readFileSync(absolutePath, 'utf8')
  } catch {
    // Whatever cannot be read is unknown: where we are is never a reason to fail.
    return undefined
  }
}
