import { isTaskVaultError } from '../errors.ts'
import type { GitSource } from '../git/list-files.ts'
import { runGit } from '../git/run-git.ts'
import type { GitOptions } from '../git/run-git.ts'
import type { Origin } from '../model/manifest.ts'
import type { GitHook } from '../model/task.ts'
import { branchOfRef, parsePushedRefs, readFrameworkRef } from './pushed-refs.ts'
import type { PushedRef } from './pushed-refs.ts'

/** A content that a hook asks about. */
export interface HookTarget {
  readonly source: GitSource
  /** The branch that policies go by: the one that is committed to, or pushed to. */
  readonly branch: string | undefined
}

export interface TargetRequest {
  readonly hook: GitHook
  /** What git wrote to the hook's standard input; undefined when nobody could have. */
  readonly input: string | undefined
  readonly origin: Origin
  readonly git: GitOptions
}

/**
 * The contents that a hook asks about: what is about to be committed, or every commit that a push is
 * about to put at the tip of a ref, once for each branch. A push that only deletes, or has nothing to
 * do, asks about nothing. A pre-push that nobody tells anything, as when a person runs it, asks about HEAD.
 * @throws {TaskVaultError} ARGUMENT_INVALID when the input is not what git writes; GIT_FAILED.
 */
export function findTargets({ hook, input, origin, git }: TargetRequest): HookTarget[] {
  if (hook !== 'pre-push') return [{ source: { kind: 'index' }, branch: origin.branch }]
  const framework = readFrameworkRef(git.env)
  if (framework !== undefined) return findCommits([framework], git)
  if (input !== undefined) return findCommits(parsePushedRefs(input), git)
  return [{ source: { kind: 'commit', commit: 'HEAD' }, branch: origin.branch }]
}

function findCommits(refs: readonly PushedRef[], git: GitOptions): HookTarget[] {
  const targets = new Map<string, HookTarget>()
  for (const ref of refs) {
    const commit = peelToCommit(ref, git)
    if (commit === undefined) continue
    const branch = branchOfRef(ref.remoteRef)
    targets.set(`${commit} ${branch ?? ''}`, { source: { kind: 'commit', commit }, branch })
  }
  return [...targets.values()]
}

/** A branch is always a commit; other refs may name tags, or even files, in which there is nothing to test. */
function peelToCommit({ localRef, objectId }: PushedRef, git: GitOptions): string | undefined {
  if (branchOfRef(localRef) !== undefined) return objectId
  try {
    const peeled = runGit(['rev-parse', '--verify', '--quiet', `${objectId}^{commit}`], git)
    return peeled.toString('latin1').trim()
  } catch (error) {
    if (!isTaskVaultError(error, 'GIT_FAILED')) throw error
    return undefined
  }
}
