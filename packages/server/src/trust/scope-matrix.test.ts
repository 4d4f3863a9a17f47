import { expect, onTestFinished, test } from 'vitest'
import type { OpenDatabase } from '../database/open-database.ts'
import { createAuthenticator } from './authenticator.ts'
import { readJob } from './job-of-token.ts'
import type { CiJob } from './model/ci-job.ts'
import { deriveAccess } from './model/derive-access.ts'
import type { Question } from './model/derive-access.ts'
import { TRUST_LEVELS } from './principal.ts'
import type { Principal } from './principal.ts'
import { ACCESS_CASES } from './testing/access-cases.ts'
import type { AccessCase } from './testing/access-cases.ts'
import { NO_ISSUERS } from './testing/no-issuers.ts'
import { findLeaks, nameOf, openSqliteEngine } from './testing/scope-matrix.ts'
import type { Caller } from './testing/scope-matrix.ts'
import { startTokenIssuer } from './testing/token-issuer.ts'
import type { TokenIssuer } from './testing/token-issuer.ts'
import { bearer } from './testing/trust-scene.ts'

/** Least trusted first: who comes first with a key could keep others from it. */
const ROWS = ACCESS_CASES.toSorted((left, right) => trustOf(left) - trustOf(right))

const CONTROL_ROWS: ReadonlySet<string> = new Set([
  'github: push, protected',
  'github: push, not protected',
  'github: pull_request',
  'github: pull_request_target',
  'github: no ref_protected',
  'github: push of a tag',
  'github: a deployment',
  'github: a release workflow',
  "gitlab: a fork's, in the target",
  'gitlab: merge request',
  'circleci: run again with SSH',
  'circleci: protected by the settings',
  'jenkins: below its own ceiling',
])

test('every event, protection, fork and issuer: nobody writes upwards, or reads downwards', async () => {
  const { engine, opened, now } = await openSqliteEngine()
  const issuer = await startTokenIssuer({ now, defaults: {} })
  onTestFinished(async () => await issuer[Symbol.asyncDispose]())

  const callers: Caller[] = []
  for (const row of ROWS) callers.push({ row, who: await callAs(row, { issuer, opened, now }) })
  const problems = await findLeaks(engine, callers)

  expect(callers.length).toBeGreaterThan(110)
  expect(problems).toEqual([])
})

/* Enough of the table for each defence to be missed, and what everybody would like to read. */
const CONTROLLED = ROWS.filter(({ kind, of }) => CONTROL_ROWS.has(`${kind}: ${of}`))

test('with nothing taken away, what the controls look at is as it should be', async () => {
  const { engine } = await openSqliteEngine()

  const problems = await findLeaks(
    engine,
    CONTROLLED.map((row) => derive(row, {})),
  )

  expect(CONTROLLED).toHaveLength(CONTROL_ROWS.size)

  expect(problems).toEqual([])
})

interface Sabotage {
  readonly job?: (job: CiJob, row: AccessCase) => Partial<CiJob>
  readonly question?: Partial<Question>
  readonly principal?: (who: Principal, row: AccessCase) => Partial<Principal>
}

const EVERY_SCOPE = [...new Set(ROWS.flatMap(({ reads }) => reads))]

const SABOTAGES: readonly (readonly [string, Sabotage, RegExp])[] = [
  [
    'the event',
    { job: ({ trigger }) => (trigger === 'other' ? { trigger: 'push' } : {}) },
    /pull_request_target wrote/,
  ],
  [
    'that "false" is not true',
    { job: (_job, { claims }) => ({ isRefProtected: Boolean(claims['ref_protected']) }) },
    /no claim says so/,
  ],
  [
    'that a claim is missing',
    { job: ({ ref }) => ({ doubts: [], ref: ref ?? 'refs/heads/main' }) },
    /no ref_protected wrote/,
  ],
  ['that a shell was opened', { job: () => ({ doubts: [] }) }, /somebody with a shell/],
  [
    'forks',
    {
      job: ({ pullRequest }) =>
        pullRequest === undefined ? {} : { pullRequest: { ...pullRequest, isFork: false } },
    },
    /a fork's, in the target wrote/,
  ],
  [
    'pull requests',
    {
      job: ({ trigger }) =>
        trigger === 'pull-request' ? { trigger: 'push', ref: 'refs/heads/main' } : {},
    },
    /pull_request wrote/,
  ],
  [
    'tags and releases',
    {
      job: ({ ref, trigger }) => ({
        ref: ref?.replace('tags/', 'heads/'),
        trigger: trigger === 'release' ? 'push' : trigger,
      }),
    },
    /push of a tag wrote/,
  ],
  ['the environment', { job: () => ({ environment: undefined }) }, /a deployment writes/],
  ['release workflows', { job: () => ({ workflows: [] }) }, /a release workflow wrote/],
  [
    'the issuer’s ceiling',
    { question: { ceiling: 'protected' } },
    /jenkins, below its own ceiling wrote/,
  ],
  ['the project', { job: () => ({ projectId: '1' }) }, /sees the entry of/],
  [
    'who may read what',
    {
      principal: ({ writes }) => ({
        writes: writes && { ...writes, level: 'untrusted' },
        reads: EVERY_SCOPE.map((name) => ({ name, level: 'untrusted' })),
      }),
    },
    /sees the entry of/,
  ],
  [
    'scopes: one for all, first come',
    { principal: () => ONE_FOR_ALL },
    /pull_request_target wrote github:74.protected/,
  ],
]

const ONE_FOR_ALL: Partial<Principal> = {
  role: 'engineer',
  writes: { level: 'protected', name: 'github:74/protected:refs/heads/main' },
  reads: [{ level: 'protected', name: 'github:74/protected:refs/heads/main' }],
}

test.each(SABOTAGES)(
  'a server that does not look at %s is found out',
  async (_of, sabotage, expected) => {
    const { engine } = await openSqliteEngine()

    const problems = await findLeaks(
      engine,
      CONTROLLED.map((row) => derive(row, sabotage)),
    )

    expect(problems.filter((problem) => expected.test(problem))).not.toEqual([])
  },
)

interface Surroundings {
  readonly issuer: TokenIssuer
  readonly opened: OpenDatabase
  readonly now: () => number
}

/** Whom a server with the settings of this row takes the bearer of its token for. */
async function callAs(row: AccessCase, { issuer, opened, now }: Surroundings): Promise<Principal> {
  const own = { ...row.issuer, jwksUrl: issuer.jwksUrl }
  const settings = { ...NO_ISSUERS, issuers: [own], policies: { default: row.policy } }
  const authenticator = createAuthenticator({ database: opened.database, settings, now })
  const token = await issuer.sign({ iss: own.issuer, aud: own.audience, ...row.claims })
  if (row.kind === 'github-runtime') return await authenticator.authenticate(bearer(token))
  const session = await authenticator.openSession(bearer(token))
  return await authenticator.authenticate(bearer(session.token))
}

function derive(row: AccessCase, { job: change, question, principal }: Sabotage): Caller {
  const { issuer, claims, policy } = row
  const read = readJob(issuer, claims)
  const job = { ...read, ...change?.(read, row) }
  const access = deriveAccess({
    job,
    policy,
    issuerId: issuer.id,
    ceiling: issuer.ceiling,
    ...question,
  })
  const who: Principal = {
    tenantId: 'default',
    ...access,
    writer: { issuer: issuer.issuer, subject: nameOf(row), claims: {} },
    sessionId: undefined,
    expiresAtMs: undefined,
  }
  return { row, who: { ...who, ...principal?.(who, row) } }
}

function trustOf({ issuer, writes }: AccessCase): number {
  const level = Object.keys(TRUST_LEVELS).find((name) => writes?.includes(`/${name}:`))
  return level === undefined || issuer.id === ''
    ? -1
    : TRUST_LEVELS[level as keyof typeof TRUST_LEVELS]
}
