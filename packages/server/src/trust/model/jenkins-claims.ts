import type { CiJob, ProjectFacts } from './ci-job.ts'
import { createClaimReader } from './claims.ts'
import type { ClaimReader, Claims } from './claims.ts'
import { refOfBranch } from './git-ref.ts'

/**
 * A build of Jenkins, by the claims that its administrator made templates for: `project`, `branch`
 * (`${BRANCH_NAME}`), and for changes `change_id`, `change_target` and `change_fork`. Who may configure
 * a job may be able to write what they like into these: what the issuer's ceiling is for.
 */
export function readJenkinsJob(
  claims: Claims,
  factsOf: (projectId: string) => ProjectFacts,
): CiJob {
  const reader = createClaimReader(claims)
  const projectId = reader.need('project')
  const facts = factsOf(projectId ?? '')
  const branch = filledIn(reader, 'branch')
  const change = filledIn(reader, 'change_id')
  const target = filledIn(reader, 'change_target')
  const ref = branch === undefined ? reader.doubt('there is no branch') : refOfBranch(branch)
  const isChange = change !== undefined
  return {
    projectId,
    ownerId: undefined,
    trigger: isChange ? 'pull-request' : 'push',
    eventName: isChange ? 'change' : 'branch',
    ref,
    isRefProtected: !isChange && ref !== undefined && facts.protectedRefs.includes(ref),
    pullRequest: isChange
      ? { place: change, isFork: filledIn(reader, 'change_fork') !== undefined }
      : undefined,
    baseRef: target === undefined ? undefined : refOfBranch(target),
    environment: filledIn(reader, 'environment'),
    workflows: [],
    defaultRefs: facts.defaultBranches.map(refOfBranch).filter((found) => found !== undefined),
    doubts: reader.doubts,
  }
}

/** A variable that was not set stays as its template says: `${CHANGE_ID}`. */
function filledIn(reader: ClaimReader, name: string): string | undefined {
  const value = reader.find(name)
  return value?.startsWith('${') === true ? undefined : value
}
