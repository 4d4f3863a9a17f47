import { TaskVaultError } from '../errors.ts'
import type { Environment } from '../git/run-git.ts'

/** A ref that a push is about to write. */
export interface PushedRef {
  /** What is pushed, as git was told: `refs/heads/main`, `HEAD~1`. */
  readonly localRef: string
  /** Hexadecimal id of a commit, or of whatever a tag names. */
  readonly objectId: string
  /** `refs/heads/main`. */
  readonly remoteRef: string
}

const OBJECT_ID = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/
const ZEROS = /^0+$/

/**
 * The refs that a pre-push hook is told of on its standard input, one a line: local ref, local id,
 * remote ref, remote id. Deletions are left out: nothing is pushed.
 * @throws {TaskVaultError} ARGUMENT_INVALID when a line is not what git writes.
 */
export function parsePushedRefs(text: string): PushedRef[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  return lines.map(parseLine).filter(({ objectId }) => !ZEROS.test(objectId))
}

function parseLine(line: string): PushedRef {
  // A local ref is whatever was typed after `git push`, `HEAD@{2 days ago}` included.
  const words = line.split(' ')
  const [remoteId = '', remoteRef = '', objectId = ''] = words.toReversed()
  const isWhole = words.length >= 4 && OBJECT_ID.test(objectId) && OBJECT_ID.test(remoteId)
  if (!isWhole) {
    throw new TaskVaultError(
      'ARGUMENT_INVALID',
      `Not a line that git writes for pre-push: ${JSON.stringify(line)}`,
      { hint: 'Each line is: <local ref> <local id> <remote ref> <remote id>.' },
    )
  }
  return { localRef: words.slice(0, -3).join(' '), objectId, remoteRef }
}

/** The ref that the pre-commit framework tells of by variables: it reads git's lines itself. */
export function readFrameworkRef(env: Environment): PushedRef | undefined {
  const objectId = env['PRE_COMMIT_TO_REF'] ?? ''
  if (!OBJECT_ID.test(objectId) || ZEROS.test(objectId)) return undefined
  const remoteRef = env['PRE_COMMIT_REMOTE_BRANCH'] ?? ''
  return { localRef: env['PRE_COMMIT_LOCAL_BRANCH'] ?? '', objectId, remoteRef }
}

/** The branch that a ref is; undefined for tags and all others. */
export function branchOfRef(ref: string): string | undefined {
  return ref.startsWith(BRANCHES) ? ref.slice(BRANCHES.length) : undefined
}

const BRANCHES = 'refs/heads/'
