import { parseIssuer } from '../issuer-settings.ts'
import type { IssuerInput, IssuerKind, IssuerSettings } from '../issuer-settings.ts'
import type { Claims } from '../model/claims.ts'

/** Payloads as the platforms' tokens have them, of a push to the protected default branch. */
export function githubClaims(changes: Claims = {}): Claims {
  return without({
    sub: 'repo:acme@65/shop@74:ref:refs/heads/main',
    repository: 'acme/shop',
    repository_id: '74',
    repository_owner: 'acme',
    repository_owner_id: '65',
    ref: 'refs/heads/main',
    ref_type: 'branch',
    ref_protected: 'true',
    sha: '4'.repeat(40),
    event_name: 'push',
    run_id: '1658821493',
    run_attempt: '1',
    actor_id: '12',
    base_ref: '',
    head_ref: '',
    runner_environment: 'github-hosted',
    workflow_ref: 'acme/shop/.github/workflows/ci.yml@refs/heads/main',
    job_workflow_ref: 'acme/shop/.github/workflows/ci.yml@refs/heads/main',
    ...changes,
  })
}

export function githubPullRequest(changes: Claims = {}): Claims {
  return githubClaims({
    sub: 'repo:acme@65/shop@74:pull_request',
    event_name: 'pull_request',
    ref: 'refs/pull/17/merge',
    ref_protected: 'false',
    base_ref: 'next',
    head_ref: 'feature',
    ...changes,
  })
}

export function gitlabClaims(changes: Claims = {}): Claims {
  return without({
    sub: 'project_path:acme/shop:ref_type:branch:ref:main',
    namespace_id: '65',
    namespace_path: 'acme',
    project_id: '74',
    project_path: 'acme/shop',
    job_namespace_id: '65',
    job_project_id: '74',
    pipeline_id: '455',
    pipeline_source: 'push',
    job_id: '1123',
    ref: 'main',
    ref_type: 'branch',
    ref_path: 'refs/heads/main',
    ref_protected: 'true',
    sha: '4'.repeat(40),
    runner_id: 1,
    runner_environment: 'self-hosted',
    user_id: '12',
    ci_config_ref_uri: 'gitlab.example.com/acme/shop//.gitlab-ci.yml@refs/heads/main',
    ...changes,
  })
}

export function gitlabMergeRequest(changes: Claims = {}): Claims {
  return gitlabClaims({
    pipeline_source: 'merge_request_event',
    ref: 'feature',
    ref_path: 'refs/heads/feature',
    ref_protected: 'false',
    ...changes,
  })
}

const CIRCLECI_PROJECT = '6f3c9a52-0d2b-4c0e-9a66-2f7f3a9f8a11'

/** Names of claims are given without their prefix. */
function circleciClaims(changes: Claims = {}): Claims {
  const own = {
    'project-id': CIRCLECI_PROJECT,
    'vcs-origin': 'github.com/acme/shop',
    'vcs-ref': 'refs/heads/main',
    'ssh-rerun': false,
    'context-ids': [],
    ...changes,
  }
  const prefixed = Object.entries(own).map(([name, value]) => [`oidc.circleci.com/${name}`, value])
  return without({
    sub: `org/9d1f/project/${CIRCLECI_PROJECT}/user/3f`,
    ...(Object.fromEntries(prefixed) as Claims),
  })
}

function jenkinsClaims(changes: Claims = {}): Claims {
  return without({
    sub: 'https://jenkins.example.com/job/shop/job/main/',
    project: 'shop',
    branch: 'main',
    change_id: '${CHANGE_ID}',
    change_target: '${CHANGE_TARGET}',
    change_fork: '${CHANGE_FORK}',
    ...changes,
  })
}

function runtimeClaims(changes: Claims = {}): Claims {
  const ac = JSON.stringify([{ Scope: 'refs/heads/main', Permission: 3 }])
  return without({ repository_id: '74', ac, ...changes })
}

export interface Sample {
  readonly kind: IssuerKind
  /** The project's number. */
  readonly project: string
  make(changes?: Claims): Claims
}

export const SAMPLES: Readonly<Record<string, Sample>> = {
  github: { kind: 'github', project: '74', make: githubClaims },
  'github-pr': { kind: 'github', project: '74', make: githubPullRequest },
  gitlab: { kind: 'gitlab', project: '74', make: gitlabClaims },
  'gitlab-mr': { kind: 'gitlab', project: '74', make: gitlabMergeRequest },
  circleci: { kind: 'circleci', project: CIRCLECI_PROJECT, make: circleciClaims },
  jenkins: { kind: 'jenkins', project: 'shop', make: jenkinsClaims },
  'github-runtime': { kind: 'github-runtime', project: '74', make: runtimeClaims },
}

/** An issuer of each kind, which knows project 74 (`shop` for Jenkins) of owner 65. */
export function issuerOf(kind: IssuerKind, changes: Partial<IssuerInput> = {}): IssuerSettings {
  return parseIssuer({
    id: kind,
    kind,
    issuer: ISSUERS[kind],
    audience: 'https://cache.example.com',
    admits: [{ tenant: 'default', ...(kind.startsWith('github') ? { project: '74' } : {}) }],
    defaults: { protectedRefs: ['refs/heads/main'] },
    projects: { [CIRCLECI_PROJECT]: { origin: 'github.com/acme/shop' } },
    ...changes,
  })
}

const ISSUERS: Readonly<Record<IssuerKind, string>> = {
  github: 'https://token.actions.githubusercontent.com',
  'github-runtime': 'https://token.actions.githubusercontent.com',
  gitlab: 'https://gitlab.example.com',
  circleci: 'https://oidc.circleci.com/org/9d1f',
  jenkins: 'https://jenkins.example.com/oidc',
}

/** A claim that is undefined is left out. */
function without(claims: Claims): Claims {
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined))
}
