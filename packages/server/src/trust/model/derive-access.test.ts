import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { TRUST_LEVELS } from '../principal.ts'
import type { Scope } from '../principal.ts'
import { ACCESS_CASES, accessOf, problemsOf } from '../testing/access-cases.ts'
import { githubClaims, issuerOf } from '../testing/sample-claims.ts'
import type { Access } from './derive-access.ts'
import { splitScopeName } from './scope-name.ts'
import { DEFAULT_TRUST_POLICY } from './trust-policy.ts'

test.each(ACCESS_CASES)('$kind, $of: writes $writes', (row) => {
  const access = accessOf(row)

  expect(access.writes?.name).toBe(row.writes)
  expect(access.reads.map(({ name }) => name)).toEqual(row.reads)
  expect(access.because).toMatch(/^[A-Z].*\.$/)
  const isTrusted = access.writes !== undefined && access.writes.level !== 'fork'
  expect(access.role).toBe(isTrusted ? 'engineer' : 'external')
})

test.each([
  ['github', 'push, protected', 'A job of push on a protected ref writes for all.'],
  ['github', 'push, not protected', 'A job of push on an unprotected ref writes for its branch.'],
  ['github', 'pull_request', 'A pull request of the project itself writes for itself alone.'],
  [
    'github',
    "pull_request, maybe a fork's",
    'A pull request that may come from a fork writes nothing.',
  ],
  ['github', 'the same, isolated', 'A pull request of a fork writes for itself alone.'],
  ['github', 'issues', 'A job of issues writes nothing.'],
  ['github', 'release', 'A release takes nothing from other jobs and gives nothing to them.'],
  ['jenkins', 'below its own ceiling', 'Nothing that this issuer says lets a job write.'],
  [
    'circleci',
    'run again with SSH',
    'A job whose token leaves doubt writes nothing: the job was run again with SSH.',
  ],
  [
    'github-runtime',
    'read-only',
    'A job whose token leaves doubt writes nothing: the token may only read.',
  ],
] as const)('%s, %s: people are told why', (kind, of, because) => {
  const row = ACCESS_CASES.find((each) => each.kind === kind && each.of === of)

  expect(row && accessOf(row).because).toBe(because)
})

test('the table has every kind of issuer, and both answers for each', () => {
  const answers = ACCESS_CASES.map(({ kind, writes }) => `${kind} ${writes !== undefined}`)

  expect(new Set(answers).size).toBe(10)
})

test.each(['74/protected:refs/heads/main', '../x', '7 4', ''])('no project is called %j', (id) => {
  const access = accessOf({ ...sample(), claims: githubClaims({ repository_id: id }) })

  expect(access).toMatchObject({ role: 'external', writes: undefined, reads: [] })
})

test('a job without a project reads nothing', () => {
  const access = accessOf({ ...sample(), claims: githubClaims({ repository_id: undefined }) })

  expect(access).toMatchObject({ writes: undefined, reads: [] })
})

test('whatever claims say, a job writes and reads by the rules, within its own project', () => {
  const policies = fc.record({
    forkPullRequests: fc.constantFrom('nothing' as const, 'read' as const, 'isolated' as const),
  })
  const row = fc.constantFrom(...ACCESS_CASES)
  const changed = row.chain((chosen) =>
    fc
      .dictionary(fc.constantFrom(...Object.keys(chosen.claims)), VALUES, { maxKeys: 4 })
      .map((changes) => ({ ...chosen, claims: { ...chosen.claims, ...changes } })),
  )

  fc.assert(
    fc.property(changed, policies, (given, policy) => {
      const fuzzed = { ...given, policy: { ...DEFAULT_TRUST_POLICY, ...policy } }

      expect(problemsOf(accessOf(fuzzed), fuzzed)).toEqual([])
    }),
    { numRuns: 20_000 },
  )
})

test('the rules see an access that breaks them', () => {
  const row = sample()
  const good = accessOf(row)
  const broken: readonly Access[] = [
    { ...good, reads: good.reads.slice(1) },
    { ...good, reads: [...good.reads, scope('github:74/branch:refs/heads/x')] },
    { ...good, reads: [...good.reads, scope('github:75/protected:refs/heads/main')] },
  ]
  const others = [
    { ref_protected: 'false' },
    { event_name: 'issues' },
    { environment: 'production' },
  ]

  expect(problemsOf(good, row)).toEqual([])
  expect(broken.filter((access) => problemsOf(access, row).length === 0)).toEqual([])
  expect(
    others.filter(
      (changes) => problemsOf(good, { ...row, claims: githubClaims(changes) }).length === 0,
    ),
  ).toEqual([])
})

test('levels are ordered as the table of scopes has them', () => {
  const { untrusted, fork, pr, branch, protected: highest } = TRUST_LEVELS

  expect([untrusted, fork, pr, branch, highest]).toEqual([0, 1, 2, 3, 4])
})

const WORDS = fc.constantFrom(
  ...'true false push schedule pull_request pull_request_target merge_request_event'.split(' '),
  ...'release branch tag main 74 99 ../.. a/protected:refs/heads/main refs/heads/main'.split(' '),
  ...'refs/heads/evil refs/tags/v1 refs/pull/17/merge refs/merge-requests/3/head'.split(' '),
)
const VALUES = fc.oneof(
  WORDS,
  fc.string(),
  fc.boolean(),
  fc.integer(),
  fc.constant(null),
  fc.array(WORDS),
)

function sample(): (typeof ACCESS_CASES)[number] {
  const [first] = ACCESS_CASES
  return { ...first!, issuer: issuerOf('github') }
}

function scope(name: string): Scope {
  return { name, level: splitScopeName(name)!.level }
}
