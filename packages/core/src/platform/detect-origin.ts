import { readGitHead } from '../git/read-head.ts'
import type { Origin } from '../model/manifest.ts'

interface PlatformRow {
  readonly platform: string
  /** Set to anything on this platform, and nowhere else. */
  readonly marker: string
  /** The first that is set counts. */
  readonly branch: readonly string[]
  readonly commit: string
  readonly user: readonly string[]
}

/* What each CI system calls things. A pull request's branch is the one it comes from. */
const PLATFORMS: readonly PlatformRow[] = [
  {
    platform: 'github',
    marker: 'GITHUB_ACTIONS',
    branch: ['GITHUB_HEAD_REF', 'GITHUB_REF_NAME'],
    commit: 'GITHUB_SHA',
    user: ['GITHUB_ACTOR'],
  },
  {
    platform: 'gitlab',
    marker: 'GITLAB_CI',
    branch: ['CI_COMMIT_BRANCH', 'CI_MERGE_REQUEST_SOURCE_BRANCH_NAME'],
    commit: 'CI_COMMIT_SHA',
    user: ['GITLAB_USER_LOGIN'],
  },
  {
    platform: 'circleci',
    marker: 'CIRCLECI',
    branch: ['CIRCLE_BRANCH'],
    commit: 'CIRCLE_SHA1',
    user: ['CIRCLE_USERNAME'],
  },
  {
    platform: 'jenkins',
    marker: 'JENKINS_URL',
    branch: ['CHANGE_BRANCH', 'BRANCH_NAME'],
    commit: 'GIT_COMMIT',
    user: ['BUILD_USER_ID', 'CHANGE_AUTHOR'],
  },
]

/** Who sits at a machine that is no CI's; the last is what Windows calls it. */
const LOCAL_USER = ['USER', 'LOGNAME', 'USERNAME']

export interface OriginRequest {
  readonly projectRoot: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/**
 * Where the work is done: what the CI system says, else what git's HEAD says. CI systems check a
 * commit out without a branch, so that only they know it. TASKVAULT_BRANCH overrules both.
 */
export function detectOrigin({ projectRoot, env }: OriginRequest): Origin {
  const row = PLATFORMS.find(({ marker }) => isSet(env[marker]))
  // A tag is no branch, although it is called like one.
  const isTag = env['GITHUB_REF_TYPE'] === 'tag'
  const ofPlatform = isTag ? undefined : row?.branch.map((name) => env[name]).find(isSet)
  const head = readGitHead(projectRoot)
  const branch = firstSet(env['TASKVAULT_BRANCH'], ofPlatform, head?.branch)
  const commit = firstSet(row === undefined ? undefined : env[row.commit], head?.commit)
  const user = firstSet(...(row?.user ?? LOCAL_USER).map((name) => env[name]))
  return {
    platform: row?.platform ?? 'local',
    ...(branch === undefined ? {} : { branch }),
    ...(commit === undefined ? {} : { commit }),
    ...(user === undefined ? {} : { user }),
  }
}

function firstSet(...values: readonly (string | undefined)[]): string | undefined {
  return values.find(isSet)
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== ''
}
