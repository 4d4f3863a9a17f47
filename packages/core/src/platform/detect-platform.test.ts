import { describe, expect, test } from 'vitest'
import { detectPlatform, isFromFork } from './detect-platform.ts'
import type { PlatformFacts, PlatformVariables } from './platform-table.ts'

type Expected = Omit<PlatformFacts, 'platform'>

interface Case {
  readonly name: string
  readonly env: PlatformVariables
  readonly event?: unknown
  readonly expected: Expected
}

const GITHUB = {
  GITHUB_ACTIONS: 'true',
  GITHUB_SHA: 'c1',
  GITHUB_JOB: 'test',
  GITHUB_RUN_ID: '77',
  GITHUB_ACTOR: 'ada',
}
const ON_GITHUB = { commit: 'c1', jobId: 'test', runId: '77', user: 'ada' }
const GITHUB_PULL = {
  ...GITHUB,
  GITHUB_EVENT_NAME: 'pull_request',
  GITHUB_REF: 'refs/pull/7/merge',
  GITHUB_REF_NAME: '7/merge',
  GITHUB_HEAD_REF: 'topic',
  GITHUB_BASE_REF: 'main',
  GITHUB_REF_PROTECTED: 'false',
}
const ON_GITHUB_PULL = { ...ON_GITHUB, branch: 'topic', isProtected: false, isScheduled: false }

const GITHUB_MAIN = { ...GITHUB, GITHUB_REF: 'refs/heads/main', GITHUB_REF_NAME: 'main' }
const ON_GITHUB_MAIN = { ...ON_GITHUB, branch: 'main', isScheduled: false }
const IN_DOUBT = { number: undefined, targetBranch: undefined, isFromFork: true }

const GITLAB = {
  GITLAB_CI: 'true',
  CI_SERVER_URL: 'https://gitlab.example.com',
  CI_PROJECT_PATH: 'group/project',
  CI_PROJECT_ID: '10',
  CI_DEFAULT_BRANCH: 'main',
  CI_COMMIT_SHA: 'c2',
  CI_JOB_ID: '500',
  CI_PIPELINE_ID: '60',
  GITLAB_USER_LOGIN: 'ada',
}
const ON_GITLAB = { defaultBranch: 'main', commit: 'c2', jobId: '500', runId: '60', user: 'ada' }
const GITLAB_MERGE = {
  ...GITLAB,
  CI_PIPELINE_SOURCE: 'merge_request_event',
  CI_MERGE_REQUEST_IID: '7',
  CI_MERGE_REQUEST_PROJECT_ID: '10',
  CI_MERGE_REQUEST_SOURCE_PROJECT_ID: '10',
  CI_MERGE_REQUEST_SOURCE_BRANCH_NAME: 'topic',
  CI_MERGE_REQUEST_TARGET_BRANCH_NAME: 'main',
  CI_COMMIT_REF_NAME: 'topic',
  CI_COMMIT_REF_PROTECTED: 'false',
}
const ON_GITLAB_MERGE = { ...ON_GITLAB, branch: 'topic', isProtected: false, isScheduled: false }

const CIRCLE = {
  CIRCLECI: 'true',
  CIRCLE_PROJECT_USERNAME: 'owner',
  CIRCLE_PROJECT_REPONAME: 'name',
  CIRCLE_SHA1: 'c3',
  CIRCLE_WORKFLOW_JOB_ID: 'job-uuid',
  CIRCLE_PIPELINE_ID: 'pipeline-uuid',
  CIRCLE_USERNAME: 'ada',
}
const ON_CIRCLE = { commit: 'c3', jobId: 'job-uuid', runId: 'pipeline-uuid', user: 'ada' }

const JENKINS = {
  JENKINS_URL: 'https://ci.example.com/',
  BUILD_TAG: 'jenkins-job-12',
  BUILD_NUMBER: '12',
  GIT_COMMIT: 'c4',
  BUILD_USER_ID: 'ada',
}
const ON_JENKINS = { commit: 'c4', jobId: 'jenkins-job-12', runId: '12', user: 'ada' }

describe('github', () => {
  check('github', [
    {
      name: 'a push to a protected branch',
      env: {
        ...GITHUB,
        GITHUB_EVENT_NAME: 'push',
        GITHUB_REF_NAME: 'main',
        GITHUB_HEAD_REF: '',
        GITHUB_REF_PROTECTED: 'true',
      },
      event: { repository: { default_branch: 'main' } },
      expected: {
        ...ON_GITHUB,
        branch: 'main',
        defaultBranch: 'main',
        isProtected: true,
        isScheduled: false,
      },
    },
    {
      name: 'a pull request of the repository itself',
      env: GITHUB_PULL,
      event: pullRequest(7, 1, 1),
      expected: {
        ...ON_GITHUB_PULL,
        change: { number: '7', targetBranch: 'main', isFromFork: false },
      },
    },
    {
      name: 'a pull request from a fork',
      env: GITHUB_PULL,
      event: pullRequest(7, 2, 1),
      expected: {
        ...ON_GITHUB_PULL,
        change: { number: '7', targetBranch: 'main', isFromFork: true },
      },
    },
    {
      name: 'a pull request from a fork that is gone',
      env: GITHUB_PULL,
      event: pullRequest(7, undefined, 1),
      expected: {
        ...ON_GITHUB_PULL,
        change: { number: '7', targetBranch: 'main', isFromFork: true },
      },
    },
    {
      name: 'a pull request of which nothing is told: in doubt, a fork',
      env: GITHUB_PULL,
      event: 'no document',
      expected: {
        ...ON_GITHUB_PULL,
        change: { number: '7', targetBranch: 'main', isFromFork: true },
      },
    },
    {
      name: 'pull_request_target, which runs on the target',
      env: {
        ...GITHUB,
        GITHUB_EVENT_NAME: 'pull_request_target',
        GITHUB_REF: 'refs/heads/main',
        GITHUB_REF_NAME: 'main',
        GITHUB_HEAD_REF: 'topic',
        GITHUB_BASE_REF: 'main',
      },
      event: pullRequest(8, 2, 1),
      expected: {
        ...ON_GITHUB,
        branch: 'topic',
        isScheduled: false,
        change: { number: '8', targetBranch: 'main', isFromFork: true },
      },
    },
    {
      name: 'a comment, which does not tell whose changes it is about: in doubt, of a fork',
      env: { ...GITHUB_MAIN, GITHUB_EVENT_NAME: 'issue_comment' },
      event: { issue: { number: 8, pull_request: {} }, repository: { id: 1 } },
      expected: { ...ON_GITHUB_MAIN, change: IN_DOUBT },
    },
    {
      name: 'a workflow that follows a run of a fork',
      env: { ...GITHUB_MAIN, GITHUB_EVENT_NAME: 'workflow_run' },
      event: followedRun(2, 1),
      expected: { ...ON_GITHUB_MAIN, change: IN_DOUBT },
    },
    {
      name: 'a workflow that follows a run of the repository itself',
      env: { ...GITHUB_MAIN, GITHUB_EVENT_NAME: 'workflow_run' },
      event: followedRun(1, 1),
      expected: { ...ON_GITHUB_MAIN, change: { ...IN_DOUBT, isFromFork: false } },
    },
    {
      name: 'a workflow that follows a run of which nothing is told: in doubt, of a fork',
      env: { ...GITHUB_MAIN, GITHUB_EVENT_NAME: 'workflow_run' },
      expected: { ...ON_GITHUB_MAIN, change: IN_DOUBT },
    },
    {
      name: 'a tag',
      env: { ...GITHUB, GITHUB_REF_TYPE: 'tag', GITHUB_REF_NAME: 'v1' },
      expected: { ...ON_GITHUB, tag: 'v1' },
    },
    {
      name: 'a schedule',
      env: { ...GITHUB, GITHUB_EVENT_NAME: 'schedule', GITHUB_REF_NAME: 'main' },
      expected: { ...ON_GITHUB, branch: 'main', isScheduled: true },
    },
    {
      name: 'a job that may ask for a token',
      env: {
        ...GITHUB,
        ACTIONS_ID_TOKEN_REQUEST_URL: 'https://token.example.com/?a=b',
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'bearer',
      },
      expected: {
        ...ON_GITHUB,
        token: { kind: 'request', url: 'https://token.example.com/?a=b', bearer: 'bearer' },
      },
    },
    {
      name: 'a job that may only half ask for a token',
      env: { ...GITHUB, ACTIONS_ID_TOKEN_REQUEST_URL: 'https://token.example.com/' },
      expected: ON_GITHUB,
    },
  ])
})

describe('gitlab', () => {
  check('gitlab', [
    {
      name: 'a protected branch',
      env: {
        ...GITLAB,
        CI_PIPELINE_SOURCE: 'push',
        CI_COMMIT_BRANCH: 'main',
        CI_COMMIT_REF_PROTECTED: 'true',
      },
      expected: { ...ON_GITLAB, branch: 'main', isProtected: true, isScheduled: false },
    },
    {
      name: 'a merge request of the project itself',
      env: GITLAB_MERGE,
      expected: {
        ...ON_GITLAB_MERGE,
        change: { number: '7', targetBranch: 'main', isFromFork: false },
      },
    },
    {
      name: 'a merge request from a fork, run in the project',
      env: { ...GITLAB_MERGE, CI_MERGE_REQUEST_SOURCE_PROJECT_ID: '99' },
      expected: {
        ...ON_GITLAB_MERGE,
        change: { number: '7', targetBranch: 'main', isFromFork: true },
      },
    },
    {
      name: 'a merge request from a fork, run in the fork',
      env: {
        ...GITLAB_MERGE,
        CI_PROJECT_ID: '99',
        CI_MERGE_REQUEST_SOURCE_PROJECT_ID: '99',
      },
      expected: {
        ...ON_GITLAB_MERGE,
        change: { number: '7', targetBranch: 'main', isFromFork: true },
      },
    },
    {
      name: 'a merge request that does not tell where it is from: in doubt, a fork',
      env: { ...GITLAB, CI_PIPELINE_SOURCE: 'merge_request_event' },
      expected: { ...ON_GITLAB, isScheduled: false, change: { isFromFork: true } },
    },
    {
      name: 'a pull request of a repository elsewhere',
      env: {
        ...GITLAB,
        CI_PIPELINE_SOURCE: 'external_pull_request_event',
        CI_EXTERNAL_PULL_REQUEST_IID: '9',
        CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_NAME: 'topic',
        CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_NAME: 'main',
        CI_EXTERNAL_PULL_REQUEST_SOURCE_REPOSITORY: 'someone/project',
        CI_EXTERNAL_PULL_REQUEST_TARGET_REPOSITORY: 'group/project',
      },
      expected: {
        ...ON_GITLAB,
        branch: 'topic',
        isScheduled: false,
        change: { number: '9', targetBranch: 'main', isFromFork: true },
      },
    },
    {
      name: 'a tag',
      env: { ...GITLAB, CI_COMMIT_TAG: 'v1', CI_COMMIT_REF_NAME: 'v1' },
      expected: { ...ON_GITLAB, tag: 'v1' },
    },
    {
      name: 'a schedule',
      env: { ...GITLAB, CI_PIPELINE_SOURCE: 'schedule', CI_COMMIT_BRANCH: 'main' },
      expected: { ...ON_GITLAB, branch: 'main', isScheduled: true },
    },
    {
      name: 'a pipeline on a laptop, by gitlab-ci-local',
      env: { ...GITLAB, GITLAB_CI: 'false', CI_COMMIT_BRANCH: 'main' },
      expected: { ...ON_GITLAB, branch: 'main' },
    },
    {
      name: 'a job with a token',
      env: { ...GITLAB, TASKVAULT_ID_TOKEN: 'a.b.c' },
      expected: {
        ...ON_GITLAB,
        token: { kind: 'value', variable: 'TASKVAULT_ID_TOKEN', value: 'a.b.c' },
      },
    },
  ])
})

describe('circleci', () => {
  check('circleci', [
    {
      name: 'a branch',
      env: { ...CIRCLE, CIRCLE_BRANCH: 'topic' },
      expected: { ...ON_CIRCLE, branch: 'topic' },
    },
    {
      name: 'the default branch, as the configuration has told',
      env: { ...CIRCLE, CIRCLE_BRANCH: 'main', TASKVAULT_BRANCH_IS_DEFAULT: 'true' },
      expected: { ...ON_CIRCLE, branch: 'main', defaultBranch: 'main' },
    },
    {
      name: 'another branch, as the configuration has told',
      env: { ...CIRCLE, CIRCLE_BRANCH: 'topic', TASKVAULT_BRANCH_IS_DEFAULT: 'false' },
      expected: { ...ON_CIRCLE, branch: 'topic' },
    },
    {
      name: 'a pull request of the project itself',
      env: {
        ...CIRCLE,
        CIRCLE_BRANCH: 'topic',
        CIRCLE_PULL_REQUEST: 'https://github.com/owner/name/pull/7',
      },
      expected: { ...ON_CIRCLE, branch: 'topic', change: { number: '7', isFromFork: false } },
    },
    {
      name: 'a pull request from a fork, by its branch',
      env: { ...CIRCLE, CIRCLE_BRANCH: 'pull/7' },
      expected: { ...ON_CIRCLE, branch: 'pull/7', change: { number: '7', isFromFork: true } },
    },
    {
      name: 'a pull request from a fork, by its owner',
      env: {
        ...CIRCLE,
        CIRCLE_BRANCH: 'topic',
        CIRCLE_PR_NUMBER: '7',
        CIRCLE_PR_USERNAME: 'someone',
        CIRCLE_PR_REPONAME: 'name',
      },
      expected: { ...ON_CIRCLE, branch: 'topic', change: { number: '7', isFromFork: true } },
    },
    {
      name: 'a pull request with a number and no owner: in doubt, a fork',
      env: { ...CIRCLE, CIRCLE_BRANCH: 'topic', CIRCLE_PR_NUMBER: '7' },
      expected: { ...ON_CIRCLE, branch: 'topic', change: { number: '7', isFromFork: true } },
    },
    {
      name: 'a pull request of the project that says so at length',
      env: {
        ...CIRCLE,
        CIRCLE_BRANCH: 'topic',
        CIRCLE_PR_NUMBER: '7',
        CIRCLE_PR_USERNAME: 'owner',
        CIRCLE_PR_REPONAME: 'name',
      },
      expected: { ...ON_CIRCLE, branch: 'topic', change: { number: '7', isFromFork: false } },
    },
    {
      name: 'a tag',
      env: { ...CIRCLE, CIRCLE_TAG: 'v1' },
      expected: { ...ON_CIRCLE, tag: 'v1' },
    },
    {
      name: 'both tokens: the one with more claims',
      env: { ...CIRCLE, CIRCLE_OIDC_TOKEN: 'one', CIRCLE_OIDC_TOKEN_V2: 'two' },
      expected: {
        ...ON_CIRCLE,
        token: { kind: 'value', variable: 'CIRCLE_OIDC_TOKEN_V2', value: 'two' },
      },
    },
    {
      name: 'a token of our own making before theirs',
      env: { ...CIRCLE, CIRCLE_OIDC_TOKEN: 'one', TASKVAULT_ID_TOKEN: 'ours' },
      expected: {
        ...ON_CIRCLE,
        token: { kind: 'value', variable: 'TASKVAULT_ID_TOKEN', value: 'ours' },
      },
    },
  ])
})

describe('jenkins', () => {
  check('jenkins', [
    {
      name: 'a branch of a multibranch job, the primary one',
      env: { ...JENKINS, BRANCH_NAME: 'main', BRANCH_IS_PRIMARY: 'true' },
      expected: { ...ON_JENKINS, branch: 'main', defaultBranch: 'main' },
    },
    {
      name: 'a pull request of the repository itself',
      env: {
        ...JENKINS,
        BRANCH_NAME: 'PR-7',
        CHANGE_ID: '7',
        CHANGE_BRANCH: 'topic',
        CHANGE_TARGET: 'main',
      },
      expected: {
        ...ON_JENKINS,
        branch: 'topic',
        change: { number: '7', targetBranch: 'main', isFromFork: false },
      },
    },
    {
      name: 'a pull request from a fork',
      env: { ...JENKINS, BRANCH_NAME: 'PR-7', CHANGE_ID: '7', CHANGE_FORK: 'someone' },
      expected: { ...ON_JENKINS, branch: 'PR-7', change: { number: '7', isFromFork: true } },
    },
    {
      name: 'a tag',
      env: { ...JENKINS, BRANCH_NAME: 'v1', TAG_NAME: 'v1' },
      expected: { ...ON_JENKINS, tag: 'v1' },
    },
    ...['origin/main', 'refs/heads/main', 'refs/remotes/origin/main', 'main'].map((name) => ({
      name: `a job of one branch, checked out as ${name}`,
      env: { ...JENKINS, GIT_BRANCH: name },
      expected: { ...ON_JENKINS, branch: 'main' },
    })),
    {
      name: 'a job without a branch',
      env: { ...JENKINS, GIT_BRANCH: 'detached' },
      expected: ON_JENKINS,
    },
    {
      name: 'a controller that does not know its address',
      env: { ...JENKINS, JENKINS_URL: '' },
      expected: ON_JENKINS,
    },
  ])
})

describe('local', () => {
  check('local', [
    { name: 'a laptop', env: { USER: 'ada' }, expected: { user: 'ada' } },
    { name: 'a machine of nobody', env: {}, expected: {} },
    {
      name: 'a laptop with stray variables',
      env: { BRANCH_NAME: 'main', CIRCLE_BRANCH: 'main', GITLAB_CI: 'false', BUILD_NUMBER: '1' },
      expected: {},
    },
    {
      name: 'a machine that says it all itself',
      env: {
        TASKVAULT_BRANCH: 'topic',
        TASKVAULT_DEFAULT_BRANCH: 'main',
        TASKVAULT_FORK: 'true',
        TASKVAULT_ID_TOKEN: 'a.b.c',
      },
      expected: {
        branch: 'topic',
        defaultBranch: 'main',
        change: { isFromFork: true },
        token: { kind: 'value', variable: 'TASKVAULT_ID_TOKEN', value: 'a.b.c' },
      },
    },
    {
      name: 'a machine that says it in other words',
      env: {
        TASKVAULT_BRANCH: 'topic',
        TASKVAULT_BRANCH_IS_DEFAULT: 'Yes',
        TASKVAULT_FORK: '1',
      },
      expected: { branch: 'topic', defaultBranch: 'topic', change: { isFromFork: true } },
    },
    {
      name: 'a machine that is no fork, and says so',
      env: { TASKVAULT_FORK: 'false' },
      expected: {},
    },
    {
      name: 'a word for a fork that is none',
      env: { TASKVAULT_FORK: 'perhaps' },
      expected: {},
    },
  ])
})

test('what the job says of a fork overrules what the CI system does, and nothing else of it', () => {
  const fork = { ...GITLAB_MERGE, CI_MERGE_REQUEST_SOURCE_PROJECT_ID: '99' }
  const said = detectPlatform({ ...fork, TASKVAULT_FORK: 'false' })

  expect(isFromFork(detectPlatform(fork))).toBe(true)
  expect(said.change).toEqual({ number: '7', targetBranch: 'main', isFromFork: false })
})

function check(platform: PlatformFacts['platform'], cases: readonly Case[]): void {
  test.each(cases)('$name', ({ env, event, expected }) => {
    expect(detectPlatform(env, event)).toEqual({ platform, ...expected })
  })
}

function pullRequest(number: number, head: number | undefined, base: number): unknown {
  return {
    number,
    pull_request: {
      number,
      head: { repo: head === undefined ? null : { id: head } },
      base: { repo: { id: base } },
    },
  }
}

function followedRun(head: number, base: number): unknown {
  return { repository: { id: base }, workflow_run: { head_repository: { id: head } } }
}
