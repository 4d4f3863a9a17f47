/**
 * What started a job, in words that all CI systems share. The trusted ones take push access to the
 * project; whoever can cause `pull-request`, `release` or `other` may be anybody.
 */
export type Trigger = TrustedTrigger | 'pull-request' | 'release' | 'other'

export type TrustedTrigger = (typeof TRUSTED_TRIGGERS)[number]

/** `dispatch`: by a program that holds a token of the project. */
export const TRUSTED_TRIGGERS = ['push', 'schedule', 'merge-queue', 'manual', 'dispatch'] as const

export interface PullRequest {
  /** Tells it from all others of its project: `17`. */
  readonly place: string
  /** Undefined: the token does not say. */
  readonly isFork: boolean | undefined
}

/** A job of a CI system, as far as its verified token tells: the normal form of all systems' claims. */
export interface CiJob {
  /** The number that the platform gave the project; never its name, which somebody else can get later. */
  readonly projectId: string | undefined
  /** The number of the account or group that the project belongs to. */
  readonly ownerId: string | undefined
  readonly trigger: Trigger
  /** What the platform calls the trigger. */
  readonly eventName: string
  /** Whole: `refs/heads/main`, `refs/tags/v1`. */
  readonly ref: string | undefined
  readonly isRefProtected: boolean
  readonly pullRequest: PullRequest | undefined
  /** Where the job's changes are to be merged, whole. */
  readonly baseRef: string | undefined
  /** The environment that the job deploys to. */
  readonly environment: string | undefined
  /** The files that define the job, with the revision that each was taken from. */
  readonly workflows: readonly string[]
  /** The refs of the default branch, whole. */
  readonly defaultRefs: readonly string[]
  /** What is missing from the token, or strange about it. Any doubt, and the job writes nothing. */
  readonly doubts: readonly string[]
}

/** What the server's owner says of one project, beyond what tokens tell. */
export interface ProjectFacts {
  /** Branch names: `main`. */
  readonly defaultBranches: readonly string[]
  /** Whole refs; for platforms whose tokens do not tell which refs are protected. */
  readonly protectedRefs: readonly string[]
  /** Where the project's own sources are: `github.com/acme/shop`; for platforms that call forks the same. */
  readonly origin: string | undefined
  /** Jobs for pull requests of forks can get tokens too, and look like any other pull request's. */
  readonly forksGetTokens: boolean
}
