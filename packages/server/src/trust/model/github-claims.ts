import type { CiJob, ProjectFacts, PullRequest, Trigger } from './ci-job.ts'
import { createClaimReader } from './claims.ts'
import type { ClaimReader, Claims } from './claims.ts'
import { isTagRef, isWholeRef, refOfBranch } from './git-ref.ts'

/*
 * Events that are not here are `other`, as are all that outsiders can cause and that run with the
 * default branch's rights: pull_request_target, issue_comment, issues, discussion, fork, watch, and
 * workflow_run, whose token does not say whose run it follows.
 */
const TRIGGERS: Readonly<Record<string, Trigger>> = {
  push: 'push',
  schedule: 'schedule',
  merge_group: 'merge-queue',
  workflow_dispatch: 'manual',
  repository_dispatch: 'dispatch',
  pull_request: 'pull-request',
  release: 'release',
}

/** A job of GitHub Actions, by the claims of its OIDC token. */
export function readGithubJob(claims: Claims, factsOf: (projectId: string) => ProjectFacts): CiJob {
  const reader = createClaimReader(claims)
  const projectId = reader.need('repository_id')
  const facts = factsOf(projectId ?? '')
  const eventName = reader.need('event_name') ?? ''
  const ref = readRef(reader)
  const isRefProtected = reader.needFlag('ref_protected') ?? false
  const trigger = Object.hasOwn(TRIGGERS, eventName) ? (TRIGGERS[eventName] ?? 'other') : 'other'
  return {
    projectId,
    ownerId: reader.need('repository_owner_id'),
    trigger,
    eventName,
    ref,
    isRefProtected,
    pullRequest: trigger === 'pull-request' ? readPullRequest(reader, ref, facts) : undefined,
    baseRef: trigger === 'pull-request' ? readBase(reader) : baseOfQueue(ref),
    environment: reader.find('environment'),
    workflows: [reader.need('job_workflow_ref'), reader.find('workflow_ref')].filter(
      (workflow) => workflow !== undefined,
    ),
    defaultRefs: facts.defaultBranches.map(refOfBranch).filter((found) => found !== undefined),
    doubts: reader.doubts,
  }
}

function readRef(reader: ClaimReader): string | undefined {
  const ref = reader.need('ref')
  const type = reader.need('ref_type')
  if (ref === undefined || type === undefined) return undefined
  if (!isWholeRef(ref)) return reader.doubt('the claim ref is not a ref')
  if ((type === 'tag') !== isTagRef(ref)) reader.doubt('the claims ref and ref_type disagree')
  return ref
}

/*
 * The token does not name the repository that the changes come from. GitHub gives pull requests of
 * forks no token at all, unless the owner of a private repository switched that on.
 */
function readPullRequest(
  reader: ClaimReader,
  ref: string | undefined,
  facts: ProjectFacts,
): PullRequest | undefined {
  const [, place] = /^refs\/pull\/(\d+)\/(?:merge|head)$/.exec(ref ?? '') ?? []
  if (place === undefined) return reader.doubt('the claim ref names no pull request')
  return { place, isFork: facts.forksGetTokens ? undefined : false }
}

function readBase(reader: ClaimReader): string | undefined {
  const base = reader.need('base_ref')
  return base === undefined ? undefined : refOfBranch(base)
}

/** A merge queue's branch says in its name which branch it is for. */
function baseOfQueue(ref: string | undefined): string | undefined {
  const [, base] =
    /^refs\/heads\/gh-readonly-queue\/(.+)\/pr-\d+-[0-9a-f]{40,64}$/.exec(ref ?? '') ?? []
  return base === undefined ? undefined : refOfBranch(base)
}
