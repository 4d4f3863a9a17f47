import { TRUST_LEVELS } from '../principal.ts'
import type { Role, Scope, TrustLevel } from '../principal.ts'
import type { CiJob } from './ci-job.ts'
import { isBranchRef, isTagRef } from './git-ref.ts'
import { isPlace, isProjectId, scopeOf } from './scope-name.ts'
import { matchesWorkflow } from './trust-policy.ts'
import type { TrustPolicy } from './trust-policy.ts'

/** What a job, or a person, may do with entries. */
export interface Access {
  readonly role: Role
  readonly writes: Scope | undefined
  /** The own scope first, then protected ones of the same project; nothing else, ever. */
  readonly reads: readonly Scope[]
  /** Why it is so, as a sentence for people. */
  readonly because: string
}

/** One job, and all that decides about it. */
export interface Question {
  readonly job: CiJob
  readonly policy: TrustPolicy
  /** Which of the server's issuers vouches for the job. */
  readonly issuerId: string
  /** The most that this issuer is believed. */
  readonly ceiling: TrustLevel
}

interface Row {
  readonly level: TrustLevel
  applies(question: Question): boolean
  /** The place in the project that is written, or undefined: nothing. */
  place(question: Question): string | undefined
  /** Whose protected entries are read, besides the own ones. */
  reads(question: Question): readonly string[]
  because(question: Question): string
}

/*
 * The table. The first row that applies, and is not above the issuer's ceiling, decides. Rows that
 * forbid come first; the last one takes whatever is left, so that a new event of a platform, or a
 * claim that it leaves out, writes nothing.
 */
const ROWS: readonly Row[] = [
  {
    level: 'untrusted',
    applies: isRelease,
    place: () => undefined,
    reads: (question) =>
      question.policy.releaseReads === 'protected' ? protectedRefs(question) : [],
    because: () => 'A release takes nothing from other jobs and gives nothing to them.',
  },
  {
    level: 'untrusted',
    applies: ({ job }) => job.doubts.length > 0 || job.ref === undefined,
    place: () => undefined,
    reads: protectedRefs,
    because: ({ job }) =>
      `A job whose token leaves doubt writes nothing: ${job.doubts.join('; ')}.`,
  },
  {
    level: 'fork',
    applies: mayBeFork,
    place: ({ job, policy }) =>
      policy.forkPullRequests === 'isolated' ? job.pullRequest?.place : undefined,
    reads: protectedRefs,
    because: ({ policy }) =>
      policy.forkPullRequests === 'isolated'
        ? 'A pull request of a fork writes for itself alone.'
        : 'A pull request that may come from a fork writes nothing.',
  },
  {
    level: 'pr',
    applies: ({ job }) => job.trigger === 'pull-request',
    place: ({ job }) => job.pullRequest?.place,
    reads: protectedRefs,
    because: () => 'A pull request of the project itself writes for itself alone.',
  },
  {
    level: 'protected',
    applies: (question) => isTrusted(question) && question.job.isRefProtected,
    place: ({ job }) => job.ref,
    reads: protectedRefs,
    because: ({ job }) => `A job of ${job.eventName} on a protected ref writes for all.`,
  },
  {
    level: 'branch',
    applies: isTrusted,
    place: ({ job }) => job.ref,
    reads: protectedRefs,
    because: ({ job }) => `A job of ${job.eventName} on an unprotected ref writes for its branch.`,
  },
]

const NOTHING_WRITTEN: Row = {
  level: 'untrusted',
  applies: () => true,
  place: () => undefined,
  reads: protectedRefs,
  because: ({ job, ceiling }) =>
    ceiling === 'untrusted'
      ? 'Nothing that this issuer says lets a job write.'
      : `A job of ${job.eventName === '' ? 'an unknown event' : job.eventName} writes nothing.`,
}

/** What a job may write and read, by its verified claims alone. */
export function deriveAccess(question: Question): Access {
  const { job, issuerId, ceiling } = question
  const row =
    ROWS.find(
      ({ level, applies }) => TRUST_LEVELS[level] <= TRUST_LEVELS[ceiling] && applies(question),
    ) ?? NOTHING_WRITTEN
  const { projectId } = job
  const because = row.because(question)
  if (projectId === undefined || !isProjectId(projectId)) {
    return { role: 'external', writes: undefined, reads: [], because }
  }
  const place = row.place(question)
  const writes =
    place === undefined || !isPlace(place)
      ? undefined
      : scopeOf({ issuerId, projectId, level: row.level, place })
  const others = row
    .reads(question)
    .map((ref) => scopeOf({ issuerId, projectId, level: 'protected', place: ref }))
  return {
    role: TRUST_LEVELS[row.level] > TRUST_LEVELS.fork ? 'engineer' : 'external',
    writes,
    reads: eachOnce(writes === undefined ? others : [writes, ...others]),
    because,
  }
}

function isRelease({ job, policy }: Question): boolean {
  return (
    job.trigger === 'release' ||
    job.environment !== undefined ||
    (job.ref !== undefined && isTagRef(job.ref)) ||
    job.workflows.some((workflow) =>
      policy.releaseWorkflows.some((pattern) => matchesWorkflow(workflow, pattern)),
    )
  )
}

function isTrusted({ job, policy }: Question): boolean {
  const triggers: readonly string[] = policy.trustedTriggers
  return triggers.includes(job.trigger) && job.ref !== undefined && isBranchRef(job.ref)
}

function mayBeFork({ job }: Question): boolean {
  return job.trigger === 'pull-request' && job.pullRequest?.isFork !== false
}

/** Where the changes are to be merged, then the default branches. */
function protectedRefs(question: Question): readonly string[] {
  const { job, policy } = question
  if (policy.forkPullRequests === 'nothing' && mayBeFork(question)) return []
  return job.baseRef === undefined ? job.defaultRefs : [job.baseRef, ...job.defaultRefs]
}

function eachOnce(scopes: readonly Scope[]): readonly Scope[] {
  return [...new Map(scopes.map((scope) => [scope.name, scope])).values()]
}
