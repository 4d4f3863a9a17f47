import type { GitHubEvent } from './github-event.ts'

export type PlatformVariables = Readonly<Record<string, string | undefined>>

/** A token that proves which job this is, or where to request one. */
export type IdToken =
  | { readonly kind: 'value'; readonly variable: string; readonly value: string }
  /** Requested with a GET of `url`, authorised with `bearer`. */
  | { readonly kind: 'request'; readonly url: string; readonly bearer: string }

/** A pull request or merge request, or what is done about one. */
export interface ChangeRequest {
  readonly number?: string | undefined
  readonly targetBranch?: string | undefined
  /** Also true if it is not known. */
  readonly isFromFork: boolean
}

/** What a CI system says about the job; unknown fields are absent. */
export interface PlatformFacts {
  readonly platform: 'github' | 'gitlab' | 'circleci' | 'jenkins' | 'local'
  /** For a change request, its source branch. Absent for tags. */
  readonly branch?: string
  readonly defaultBranch?: string
  readonly tag?: string
  /** The commit that is checked out. */
  readonly commit?: string
  readonly change?: ChangeRequest
  readonly isProtected?: boolean
  readonly isScheduled?: boolean
  /** The job; `runId` is the pipeline run that it belongs to. */
  readonly jobId?: string
  readonly runId?: string
  /** Who started the work, by their name on the platform. */
  readonly user?: string
  readonly token?: IdToken
}

/** The value of a variable; undefined when it is not set, or empty. */
type Read = (name: string) => string | undefined
type Described = {
  readonly [Field in Exclude<keyof PlatformFacts, 'platform'>]?: PlatformFacts[Field] | undefined
}

interface PlatformRow {
  readonly platform: PlatformFacts['platform']
  /** Looks at what is set on this platform, and nowhere else. */
  isHere(read: Read): boolean
  describe(read: Read, event: GitHubEvent): Described
}

/** The row of the platform that we are on. */
export function findRow(read: Read): PlatformRow {
  return PLATFORMS.find((row) => row.isHere(read)) ?? PLAIN_MACHINE
}

/* What each CI system calls things. */
const PLATFORMS: readonly PlatformRow[] = [
  {
    platform: 'github',
    isHere: (read) => read('GITHUB_ACTIONS') !== undefined,
    describe: (read, event) => ({
      branch: isTagOnGitHub(read)
        ? undefined
        : (read('GITHUB_HEAD_REF') ?? read('GITHUB_REF_NAME')),
      defaultBranch: event.defaultBranch,
      tag: isTagOnGitHub(read) ? read('GITHUB_REF_NAME') : undefined,
      commit: read('GITHUB_SHA'),
      change: changeOnGitHub(read, event),
      isProtected: flag(read('GITHUB_REF_PROTECTED')),
      isScheduled: flag(read('GITHUB_EVENT_NAME'), 'schedule'),
      jobId: read('GITHUB_JOB'),
      runId: read('GITHUB_RUN_ID'),
      user: read('GITHUB_ACTOR'),
      token: requestOnGitHub(read),
    }),
  },
  {
    platform: 'gitlab',
    // gitlab-ci-local, which runs pipelines on a laptop, says that it is not GitLab.
    isHere: (read) =>
      read('GITLAB_CI') === 'true' ||
      (read('CI_SERVER_URL') !== undefined && read('CI_PROJECT_PATH') !== undefined),
    describe: (read) => ({
      branch:
        read('CI_COMMIT_BRANCH') ??
        read('CI_MERGE_REQUEST_SOURCE_BRANCH_NAME') ??
        read('CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_NAME'),
      defaultBranch: read('CI_DEFAULT_BRANCH'),
      tag: read('CI_COMMIT_TAG'),
      commit: read('CI_COMMIT_SHA'),
      change: changeOnGitLab(read),
      isProtected: flag(read('CI_COMMIT_REF_PROTECTED')),
      isScheduled: flag(read('CI_PIPELINE_SOURCE'), 'schedule'),
      jobId: read('CI_JOB_ID'),
      runId: read('CI_PIPELINE_ID'),
      user: read('GITLAB_USER_LOGIN'),
      // Tokens have names that each job chooses by `id_tokens:`; ours, TASKVAULT_ID_TOKEN, counts everywhere.
    }),
  },
  {
    platform: 'circleci',
    isHere: (read) => read('CIRCLECI') !== undefined,
    describe: (read) => ({
      branch: read('CIRCLE_BRANCH'),
      // The default branch is known to the configuration, which can tell TASKVAULT_BRANCH_IS_DEFAULT.
      tag: read('CIRCLE_TAG'),
      commit: read('CIRCLE_SHA1'),
      change: changeOnCircleCi(read),
      jobId: read('CIRCLE_WORKFLOW_JOB_ID'),
      runId: read('CIRCLE_PIPELINE_ID'),
      user: read('CIRCLE_USERNAME'),
      token: valueOf(read, 'CIRCLE_OIDC_TOKEN_V2') ?? valueOf(read, 'CIRCLE_OIDC_TOKEN'),
    }),
  },
  {
    platform: 'jenkins',
    // The URL is a setting of the controller that may be missing.
    isHere: (read) =>
      read('JENKINS_URL') !== undefined ||
      (read('BUILD_TAG')?.startsWith('jenkins-') === true && read('BUILD_NUMBER') !== undefined),
    describe: (read) => ({
      branch: read('TAG_NAME') === undefined ? branchOnJenkins(read) : undefined,
      defaultBranch: read('BRANCH_IS_PRIMARY') === 'true' ? read('BRANCH_NAME') : undefined,
      tag: read('TAG_NAME'),
      commit: read('GIT_COMMIT'),
      change: changeOnJenkins(read),
      jobId: read('BUILD_TAG'),
      runId: read('BUILD_NUMBER'),
      user: read('BUILD_USER_ID') ?? read('CHANGE_AUTHOR'),
      // A token is a credential, bound to TASKVAULT_ID_TOKEN.
    }),
  },
]

const PLAIN_MACHINE: PlatformRow = {
  platform: 'local',
  isHere: () => true,
  // The last is what Windows calls it.
  describe: (read) => ({ user: read('USER') ?? read('LOGNAME') ?? read('USERNAME') }),
}

function isTagOnGitHub(read: Read): boolean {
  return read('GITHUB_REF_TYPE') === 'tag'
}

/** Events whose jobs may work on what a fork has sent, though most of them run on the default branch. */
const MAY_BE_OF_FORK = /^(?:pull_request|issue_comment$|workflow_run$)/

/** The variables do not tell a fork; where the event document does not either, it is in doubt. */
function changeOnGitHub(read: Read, { change }: GitHubEvent): ChangeRequest | undefined {
  if (change === undefined && !MAY_BE_OF_FORK.test(read('GITHUB_EVENT_NAME') ?? '')) {
    return undefined
  }
  const number = change?.number ?? /^refs\/pull\/(\d+)\//.exec(read('GITHUB_REF') ?? '')?.[1]
  const isFromFork = change?.isFromFork ?? true
  return { number, targetBranch: read('GITHUB_BASE_REF'), isFromFork }
}

function requestOnGitHub(read: Read): IdToken | undefined {
  const url = read('ACTIONS_ID_TOKEN_REQUEST_URL')
  const bearer = read('ACTIONS_ID_TOKEN_REQUEST_TOKEN')
  return url === undefined || bearer === undefined ? undefined : { kind: 'request', url, bearer }
}

/**
 * The pipeline of a fork's merge request runs in the fork, or, when a member of the project starts it,
 * in the project: the source differs from the one or from the other.
 */
function changeOnGitLab(read: Read): ChangeRequest | undefined {
  const number = read('CI_MERGE_REQUEST_IID')
  if (number !== undefined || read('CI_PIPELINE_SOURCE') === 'merge_request_event') {
    const source = read('CI_MERGE_REQUEST_SOURCE_PROJECT_ID')
    const here = read('CI_PROJECT_ID')
    const target = read('CI_MERGE_REQUEST_PROJECT_ID') ?? here
    const isFromFork = source === undefined || source !== here || source !== target
    return { number, targetBranch: read('CI_MERGE_REQUEST_TARGET_BRANCH_NAME'), isFromFork }
  }
  const external = read('CI_EXTERNAL_PULL_REQUEST_IID')
  if (external === undefined) return undefined
  const source = read('CI_EXTERNAL_PULL_REQUEST_SOURCE_REPOSITORY')
  return {
    number: external,
    targetBranch: read('CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_NAME'),
    isFromFork:
      source === undefined || source !== read('CI_EXTERNAL_PULL_REQUEST_TARGET_REPOSITORY'),
  }
}

/** Variables of the pull request itself are set for forks, and, by some accounts, for others too. */
function changeOnCircleCi(read: Read): ChangeRequest | undefined {
  const branchNumber = /^pull\/(\d+)(?:\/|$)/.exec(read('CIRCLE_BRANCH') ?? '')?.[1]
  const url = read('CIRCLE_PULL_REQUEST')
  const number = read('CIRCLE_PR_NUMBER') ?? branchNumber ?? /\/(\d+)$/.exec(url ?? '')?.[1]
  if (number === undefined && url === undefined) return undefined
  const [owner, name] = [read('CIRCLE_PR_USERNAME'), read('CIRCLE_PR_REPONAME')]
  const isOurs =
    owner === read('CIRCLE_PROJECT_USERNAME') &&
    (name === undefined || name === read('CIRCLE_PROJECT_REPONAME'))
  const saysMore =
    owner !== undefined || name !== undefined || read('CIRCLE_PR_NUMBER') !== undefined
  return { number, isFromFork: branchNumber !== undefined || (saysMore && !isOurs) }
}

/** A job of one branch has no BRANCH_NAME; its checkout has GIT_BRANCH, with the remote's name. */
function branchOnJenkins(read: Read): string | undefined {
  const checkedOut = read('GIT_BRANCH')?.replace(
    /^(?:refs\/heads\/|(?:refs\/remotes\/)?origin\/)/,
    '',
  )
  return (
    read('CHANGE_BRANCH') ??
    read('BRANCH_NAME') ??
    (checkedOut === 'HEAD' || checkedOut === 'detached' ? undefined : checkedOut)
  )
}

function changeOnJenkins(read: Read): ChangeRequest | undefined {
  const number = read('CHANGE_ID')
  if (number === undefined) return undefined
  return {
    number,
    targetBranch: read('CHANGE_TARGET'),
    isFromFork: read('CHANGE_FORK') !== undefined,
  }
}

function valueOf(read: Read, variable: string): IdToken | undefined {
  const value = read(variable)
  return value === undefined ? undefined : { kind: 'value', variable, value }
}

/** Undefined when the variable is not there to tell. */
function flag(value: string | undefined, yes = 'true'): boolean | undefined {
  return value === undefined ? undefined : value === yes
}
