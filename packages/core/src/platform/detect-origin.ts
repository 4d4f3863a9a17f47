import { readFileSync } from 'node:fs'
import { readGitHead } from '../git/read-head.ts'
import type { Origin } from '../model/manifest.ts'
import type { PolicySubject } from '../model/policy.ts'
import { detectPlatform, isFromFork } from './detect-platform.ts'
import type { PlatformFacts, PlatformVariables } from './platform-table.ts'

export interface OriginRequest {
  readonly projectRoot: string
  readonly env: PlatformVariables
}

/** Where work is done: recorded in its entries, and used to find its policy. */
export interface Workplace {
  readonly origin: Origin
  readonly subject: Omit<PolicySubject, 'task'>
}

/**
 * Finds out where the work is done: from the CI system, or else from git's HEAD. CI systems check out a commit without a
 * branch, so only they know the branch.
 */
export function detectWorkplace({ projectRoot, env }: OriginRequest): Workplace {
  const facts = detectPlatform(env, readEvent(env))
  const origin = originOf(facts, projectRoot)
  return { origin, subject: { ...origin, isFromFork: isFromFork(facts) } }
}

/** The part of it that is kept with an entry. */
export function detectOrigin(request: OriginRequest): Origin {
  return detectWorkplace(request).origin
}

function originOf({ platform, user, ...facts }: PlatformFacts, projectRoot: string): Origin {
  const head = readGitHead(projectRoot)
  const branch = facts.branch ?? head?.branch
  const commit = facts.commit ?? head?.commit
  return {
    platform,
    ...(branch === undefined ? {} : { branch }),
    ...(commit === undefined ? {} : { commit }),
    ...(user === undefined ? {} : { user }),
  }
}

/** GitHub's document about what started the job; undefined when it is not there or malformed. */
function readEvent(env: PlatformVariables): unknown {
  const file = env['GITHUB_EVENT_PATH']
  if (file === undefined || file === '') return undefined
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}
