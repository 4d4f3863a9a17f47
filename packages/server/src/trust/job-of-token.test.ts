import { expect, test } from 'vitest'
import type { Admission, IssuerKind } from './issuer-settings.ts'
import { readJob, tenantOf } from './job-of-token.ts'
import type { Claims } from './model/claims.ts'
import {
  githubClaims,
  gitlabClaims,
  gitlabMergeRequest,
  issuerOf,
} from './testing/sample-claims.ts'

const FORK = { project_id: '99', namespace_id: '98' }

test.each<readonly [string, IssuerKind, Claims, readonly Admission[], string | undefined]>([
  ['a project by its number', 'github', githubClaims(), [{ tenant: 'a', project: '74' }], 'a'],
  ['a project by its owner', 'github', githubClaims(), [{ tenant: 'a', owner: '65' }], 'a'],
  [
    'the first that fits',
    'github',
    githubClaims(),
    [
      { tenant: 'x', owner: '1' },
      { tenant: 'a', owner: '65' },
      { tenant: 'b', project: '74' },
    ],
    'a',
  ],
  [
    'owner and project both',
    'github',
    githubClaims(),
    [{ tenant: 'x', owner: '65', project: '1' }],
    undefined,
  ],
  [
    'another project',
    'github',
    githubClaims({ repository_id: '75' }),
    [{ tenant: 'a', project: '74' }],
    undefined,
  ],
  [
    'the same name of another owner',
    'github',
    githubClaims({ repository_owner_id: '66' }),
    [{ tenant: 'a', owner: '65' }],
    undefined,
  ],
  [
    'a number that is no text',
    'github',
    githubClaims({ repository_id: 74 }),
    [{ tenant: 'a', project: '74' }],
    undefined,
  ],
  ['a group of GitLab', 'gitlab', gitlabClaims(), [{ tenant: 'a', owner: '65' }], 'a'],
  [
    'a fork’s merge request, by the target',
    'gitlab',
    gitlabMergeRequest(FORK),
    [
      { tenant: 'x', owner: '98' },
      { tenant: 'a', owner: '65' },
    ],
    'a',
  ],
  [
    'a job before 18.3',
    'gitlab',
    gitlabClaims({ job_project_id: undefined, job_namespace_id: undefined }),
    [{ tenant: 'a', owner: '65' }],
    'a',
  ],
  ['everybody', 'gitlab', gitlabClaims(FORK), [{ tenant: 'a' }], 'a'],
])('tenants admit %s', (_of, kind, claims, admits, tenant) => {
  const issuer = issuerOf(kind, { admits })
  const find = (): string => tenantOf(issuer, readJob(issuer, claims))

  if (tenant === undefined) expect(find).toThrow(expect.objectContaining({ code: 'FORBIDDEN' }))
  else expect(find()).toBe(tenant)
})

test.each([
  [undefined, undefined, ['main', 'master']],
  [['trunk'], undefined, ['trunk']],
  [['trunk'], ['develop'], ['develop']],
  [['trunk', 'a..b'], undefined, ['trunk']],
])('default branches %j, and of the project %j, are %j', (all, own, expected) => {
  const issuer = issuerOf('github', {
    defaults: { defaultBranches: all },
    projects: { 74: { defaultBranches: own } },
  })

  const { defaultRefs } = readJob(issuer, githubClaims())

  expect(defaultRefs).toEqual(expected.map((branch) => `refs/heads/${branch}`))
})
