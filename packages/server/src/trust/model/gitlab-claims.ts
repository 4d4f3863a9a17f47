import type { CiJob, ProjectFacts, PullRequest, Trigger } from './ci-job.ts'
import { createClaimReader } from './claims.ts'
import type { ClaimReader, Claims } from './claims.ts'
import { isWholeRef, refOfBranch } from './git-ref.ts'

/*
 * Sources that are not here are `other`. `parent_pipeline` is one of them: a child pipeline does not
 * say what started its parent, which can be a merge request. So is `chat`, and all that are to come.
 */
const TRIGGERS: Readonly<Record<string, Trigger>> = {
  push: 'push',
  schedule: 'schedule',
  web: 'manual',
  api: 'dispatch',
  trigger: 'dispatch',
  pipeline: 'dispatch',
  merge_request_event: 'pull-request',
  external_pull_request_event: 'pull-request',
}

/**
 * A job of GitLab CI, by the claims of its ID token.
 *
 * `project_…` does not always name the project that the job runs in: for a fork's merge request that
 * runs in the target project it names the fork (before 18.2.2, the target). `job_project_…`, which came
 * with 18.3, always names the one that it runs in. Only where both are there and agree is a merge
 * request one of the project's own.
 */
export function readGitlabJob(claims: Claims, factsOf: (projectId: string) => ProjectFacts): CiJob {
  const reader = createClaimReader(claims)
  const source = reader.need('project_id')
  const runsIn = reader.find('job_project_id') ?? source
  const facts = factsOf(runsIn ?? '')
  const eventName = reader.need('pipeline_source') ?? ''
  const trigger = Object.hasOwn(TRIGGERS, eventName) ? (TRIGGERS[eventName] ?? 'other') : 'other'
  if (trigger !== 'pull-request' && runsIn !== source) {
    reader.doubt('the claims project_id and job_project_id disagree')
  }
  const ref = readRef(reader, trigger)
  return {
    projectId: runsIn,
    ownerId: reader.find('job_namespace_id') ?? reader.need('namespace_id'),
    trigger,
    eventName,
    ref,
    isRefProtected: reader.needFlag('ref_protected') ?? false,
    pullRequest: trigger === 'pull-request' ? readMergeRequest(reader, ref) : undefined,
    baseRef: undefined,
    environment: reader.find('environment'),
    workflows: [reader.find('ci_config_ref_uri')].filter((uri) => uri !== undefined),
    defaultRefs: facts.defaultBranches.map(refOfBranch).filter((found) => found !== undefined),
    doubts: reader.doubts,
  }
}

/** `ref` is a short name. `ref_path`, where there is one, must be the same ref, written out. */
function readRef(reader: ClaimReader, trigger: Trigger): string | undefined {
  const name = reader.need('ref')
  const type = reader.need('ref_type')
  const path = reader.find('ref_path')
  if (name === undefined || type === undefined) return undefined
  if (trigger === 'pull-request' && /^refs\/merge-requests\/\d+\//.test(path ?? '')) return path
  if (type !== 'branch' && type !== 'tag') {
    return reader.doubt('the claim ref_type is neither "branch" nor "tag"')
  }
  const ref = `refs/${type === 'tag' ? 'tags' : 'heads'}/${name}`
  if (!isWholeRef(ref)) return reader.doubt('the claim ref is not a ref')
  if (path !== undefined && path !== ref) reader.doubt('the claims ref and ref_path disagree')
  return ref
}

/** By its number where the token gives it, else by its source branch and the project that has it. */
function readMergeRequest(reader: ClaimReader, ref: string | undefined): PullRequest | undefined {
  if (ref === undefined) return undefined
  const named = reader.find('project_id')
  const runsIn = reader.find('job_project_id')
  const source = reader.find('source_project_id') ?? named
  const [, number] = /^refs\/merge-requests\/(\d+)\//.exec(ref) ?? []
  const isOwn = runsIn !== undefined && source === runsIn && named === runsIn
  const place = number ?? (isOwn ? ref : `${source ?? ''}:${ref}`)
  return { place, isFork: isOwn ? false : runsIn === undefined ? undefined : true }
}
