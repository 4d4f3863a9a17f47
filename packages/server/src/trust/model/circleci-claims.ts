import type { CiJob, ProjectFacts, PullRequest } from './ci-job.ts'
import { createClaimReader } from './claims.ts'
import type { ClaimReader, Claims } from './claims.ts'
import { isBranchRef, isWholeRef, refOfBranch } from './git-ref.ts'

const PREFIX = 'oidc.circleci.com/'

/**
 * A job of CircleCI, by the claims of its OIDC token (the second version, which names the ref).
 *
 * The token says neither what started the job nor which refs are protected, and a fork's build has
 * the project's own number. So the server's owner says which refs of a project are protected, and
 * where its own sources are.
 */
export function readCircleciJob(
  claims: Claims,
  factsOf: (projectId: string) => ProjectFacts,
): CiJob {
  const reader = createClaimReader(claims)
  const projectId = reader.need(`${PREFIX}project-id`)
  const facts = factsOf(projectId ?? '')
  const ref = readRef(reader)
  const built = reader.need(`${PREFIX}vcs-origin`)
  const isFork = readIsFork(reader, built, facts)
  const pullRequest = readPullRequest(ref, isFork ? built : undefined)
  doubtSshRerun(reader, claims)
  return {
    projectId,
    ownerId: reader.find(`${PREFIX}org-id`),
    trigger: pullRequest === undefined ? 'push' : 'pull-request',
    eventName: pullRequest === undefined ? 'push' : 'pull_request',
    ref,
    isRefProtected: !isFork && ref !== undefined && facts.protectedRefs.includes(ref),
    pullRequest,
    baseRef: undefined,
    environment: undefined,
    workflows: [reader.find(`${PREFIX}pipeline-definition-id`)].filter((id) => id !== undefined),
    defaultRefs: facts.defaultBranches.map(refOfBranch).filter((found) => found !== undefined),
    doubts: reader.doubts,
  }
}

/** There is none in pipelines that a custom webhook started, and in the first version of the token. */
function readRef(reader: ClaimReader): string | undefined {
  const ref = reader.need(`${PREFIX}vcs-ref`)
  if (ref === undefined) return undefined
  return isWholeRef(ref) ? ref : reader.doubt('the claim vcs-ref is not a ref')
}

function readIsFork(
  reader: ClaimReader,
  built: string | undefined,
  { origin }: ProjectFacts,
): boolean {
  if (origin === undefined)
    reader.doubt('the settings do not say what the origin of the project is')
  return built?.toLowerCase() !== origin?.toLowerCase()
}

function readPullRequest(
  ref: string | undefined,
  fork: string | undefined,
): PullRequest | undefined {
  if (ref === undefined) return undefined
  const [, number] = /^refs\/pull\/(\d+)\//.exec(ref) ?? []
  // Branches of the project itself are built as branches: what is called pull/17 comes from a fork.
  if (number !== undefined) return { place: number, isFork: true }
  if (fork === undefined || !isBranchRef(ref)) return undefined
  return { place: `${fork.replaceAll('/', '.')}:${ref}`, isFork: true }
}

/** Somebody has a shell in a job that was run again with SSH, and can save whatever they like. */
function doubtSshRerun(reader: ClaimReader, claims: Claims): void {
  const value = claims[`${PREFIX}ssh-rerun`]
  if (value === false || value === 'false') return
  reader.doubt(
    value === undefined ? 'the claim ssh-rerun is missing' : 'the job was run again with SSH',
  )
}
