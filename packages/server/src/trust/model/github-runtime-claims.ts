import type { CiJob, ProjectFacts, PullRequest } from './ci-job.ts'
import { createClaimReader } from './claims.ts'
import type { ClaimReader, Claims } from './claims.ts'
import { isBranchRef, isTagRef, isWholeRef, refOfBranch } from './git-ref.ts'

/** What GitHub lets a job do with the caches of one ref. */
interface CacheScope {
  readonly ref: string
  readonly mayWrite: boolean
}

/** Bits of `Permission`. */
const WRITE = 2

/**
 * A job of GitHub Actions, by the claims of the token that its runner gives to clients of the cache
 * service. The claim `ac` lists refs, the job's own first, and what it may do there. The token says
 * neither the event nor whether a pull request comes from a fork: forks get such tokens too.
 */
export function readGithubRuntimeJob(
  claims: Claims,
  factsOf: (projectId: string) => ProjectFacts,
): CiJob {
  const reader = createClaimReader(claims)
  const projectId = reader.need('repository_id')
  const facts = factsOf(projectId ?? '')
  const scopes = readScopes(reader)
  const own = scopes.find(({ mayWrite }) => mayWrite)
  if (own === undefined && scopes.length > 0) reader.doubt('the token may only read')
  const pullRequest = readPullRequest(reader, own)
  const others = scopes.filter((scope) => scope !== own && isBranchRef(scope.ref))
  return {
    projectId,
    ownerId: reader.find('repository_owner_id'),
    trigger: pullRequest === undefined ? 'push' : 'pull-request',
    eventName: pullRequest === undefined ? 'push' : 'pull_request',
    ref: own?.ref,
    isRefProtected: own !== undefined && facts.protectedRefs.includes(own.ref),
    pullRequest,
    baseRef: others[0]?.ref,
    environment: undefined,
    workflows: [],
    defaultRefs: [
      ...others.map(({ ref }) => ref),
      ...facts.defaultBranches.map(refOfBranch).filter((found) => found !== undefined),
    ],
    doubts: reader.doubts,
  }
}

function readScopes(reader: ClaimReader): readonly CacheScope[] {
  const text = reader.need('ac')
  if (text === undefined) return []
  const scopes = parseScopes(text)
  if (scopes === undefined) reader.doubt('the claim ac is not a list of refs and permissions')
  return scopes ?? []
}

function parseScopes(text: string): readonly CacheScope[] | undefined {
  const list = parseJson(text)
  if (!Array.isArray(list) || list.length === 0 || list.length > 32) return undefined
  const scopes = list.map(parseScope)
  return scopes.every((scope) => scope !== undefined) ? scopes : undefined
}

function parseScope(item: unknown): CacheScope | undefined {
  if (typeof item !== 'object' || item === null) return undefined
  const { Scope: ref, Permission: permission } = item as Readonly<Record<string, unknown>>
  if (typeof ref !== 'string' || !isWholeRef(ref)) return undefined
  if (!Number.isInteger(permission) || Number(permission) < 0 || Number(permission) > 3) {
    return undefined
  }
  return { ref, mayWrite: (Number(permission) & WRITE) !== 0 }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function readPullRequest(
  reader: ClaimReader,
  own: CacheScope | undefined,
): PullRequest | undefined {
  if (own === undefined || isBranchRef(own.ref) || isTagRef(own.ref)) return undefined
  const [, place] = /^refs\/pull\/(\d+)\//.exec(own.ref) ?? []
  if (place === undefined) return reader.doubt('the ref that may be written is of an unknown kind')
  return { place, isFork: undefined }
}
