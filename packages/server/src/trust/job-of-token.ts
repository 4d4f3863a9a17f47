import { TaskVaultError } from '@taskvault/core'
import type { Admission, IssuerSettings } from './issuer-settings.ts'
import type { IssuerKind } from './issuer-settings.ts'
import type { CiJob, ProjectFacts } from './model/ci-job.ts'
import { readCircleciJob } from './model/circleci-claims.ts'
import type { Claims } from './model/claims.ts'
import { readGithubJob } from './model/github-claims.ts'
import { readGithubRuntimeJob } from './model/github-runtime-claims.ts'
import { readGitlabJob } from './model/gitlab-claims.ts'
import { readJenkinsJob } from './model/jenkins-claims.ts'
import { DEFAULT_BRANCHES } from './model/key-access.ts'

type ReadJob = (claims: Claims, factsOf: (projectId: string) => ProjectFacts) => CiJob

const READERS: Readonly<Record<IssuerKind, ReadJob>> = {
  github: readGithubJob,
  'github-runtime': readGithubRuntimeJob,
  gitlab: readGitlabJob,
  circleci: readCircleciJob,
  jenkins: readJenkinsJob,
}

/** The job that a verified token is of. */
export function readJob(issuer: IssuerSettings, claims: Claims): CiJob {
  return READERS[issuer.kind](claims, (projectId) => factsOf(issuer, projectId))
}

function factsOf(issuer: IssuerSettings, projectId: string): ProjectFacts {
  const own = Object.hasOwn(issuer.projects, projectId) ? issuer.projects[projectId] : undefined
  return {
    defaultBranches: own?.defaultBranches ?? issuer.defaults.defaultBranches ?? DEFAULT_BRANCHES,
    protectedRefs: own?.protectedRefs ?? issuer.defaults.protectedRefs ?? [],
    // Of one project only: two projects have no sources in common.
    origin: own?.origin,
    forksGetTokens: issuer.forksGetTokens,
  }
}

/**
 * The tenant that takes in jobs of this project: the first whose owner and project are the job's.
 * @throws {TaskVaultError} FORBIDDEN when none does.
 */
export function tenantOf(issuer: IssuerSettings, job: CiJob): string {
  const found = issuer.admits.find((admission) => admits(admission, job))
  if (found !== undefined) return found.tenant
  const which = `project ${job.projectId ?? '(none)'}, owner ${job.ownerId ?? '(none)'}`
  throw new TaskVaultError('FORBIDDEN', `No tenant admits jobs of this project: ${which}`, {
    hint: `Name it under \`admits\` of the issuer ${issuer.id} in the server’s settings.`,
  })
}

function admits({ owner, project }: Admission, job: CiJob): boolean {
  return (
    (owner === undefined || owner === job.ownerId) &&
    (project === undefined || project === job.projectId)
  )
}
