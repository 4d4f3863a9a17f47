import type { IssuerInput, IssuerKind, IssuerSettings } from '../issuer-settings.ts'
import { readJob } from '../job-of-token.ts'
import type { Claims } from '../model/claims.ts'
import { deriveAccess } from '../model/derive-access.ts'
import type { Access } from '../model/derive-access.ts'
import { splitScopeName } from '../model/scope-name.ts'
import { DEFAULT_TRUST_POLICY } from '../model/trust-policy.ts'
import type { TrustPolicy } from '../model/trust-policy.ts'
import { ACCESS_TABLE } from './access-table.ts'
import { SAMPLES, issuerOf } from './sample-claims.ts'

/** A line of the table of what jobs may do. */
export interface AccessCase {
  readonly of: string
  readonly kind: IssuerKind
  readonly claims: Claims
  readonly issuer: IssuerSettings
  readonly policy: TrustPolicy
  /** Names of scopes. */
  readonly writes: string | undefined
  /** In order, the own one first. */
  readonly reads: readonly string[]
}

const QUEUE = `refs/heads/gh-readonly-queue/next/pr-17-${'a'.repeat(40)}`

export const ACCESS_CASES: readonly AccessCase[] = ACCESS_TABLE.replaceAll('QUEUE', QUEUE)
  .split('\n')
  .map(parseLine)

/** What the product makes of a case. */
export function accessOf({ issuer, claims, policy }: AccessCase): Access {
  const job = readJob(issuer, claims)
  return deriveAccess({ job, policy, issuerId: issuer.id, ceiling: issuer.ceiling })
}

function parseLine(line: string): AccessCase {
  const [of = '', name = '', changes = '', writes = '', reads = '', options = ''] = line
    .split('|')
    .map((cell) => cell.trim())
  const sample = SAMPLES[name]
  if (sample === undefined) throw new Error(`no such sample: ${line}`)
  const given = parseOptions(options)
  const { project, kind } = sample
  const own = writes === '-' ? undefined : `${kind}:${project}/${writes}`
  const branches = reads === '' ? [] : reads.split(' ')
  return {
    of,
    kind,
    claims: sample.make(parseChanges(changes)),
    issuer: issuerOf(kind, given.issuer),
    policy: { ...DEFAULT_TRUST_POLICY, ...given.policy },
    writes: own,
    reads: [
      ...(own === undefined ? [] : [own]),
      ...branches.map((branch) => `${kind}:${project}/protected:refs/heads/${branch}`),
    ],
  }
}

function parseChanges(text: string): Claims {
  const changes = JSON.parse(`{${text}}`) as Claims
  return Object.fromEntries(Object.entries(changes).map(([name, value]) => [name, readable(value)]))
}

/** JSON within JSON is written with apostrophes. */
function readable(value: unknown): unknown {
  if (value === null) return undefined
  return typeof value === 'string' ? value.replaceAll("'", '"') : value
}

interface Options {
  readonly policy: Partial<TrustPolicy>
  readonly issuer: Partial<IssuerInput>
}

function parseOptions(text: string): Options {
  const options: Record<string, Record<string, unknown>> = { policy: {}, issuer: {} }
  for (const word of text.split(' ').filter((part) => part !== '')) {
    const [, of = '', name = '', value = ''] = /^(\w+)\.(\w+)=(.+)$/.exec(word) ?? []
    const group = options[of]
    if (group === undefined) throw new Error(`no such option: ${word}`)
    group[name] = JSON.parse(value)
  }
  return options as unknown as Options
}

const HARMLESS: readonly unknown[] = [
  undefined,
  'push',
  'schedule',
  'web',
  'trigger',
  'workflow_dispatch',
  'repository_dispatch',
  'merge_group',
]

/** What is wrong with an access, told from the claims and without the code that made it. */
export function problemsOf(
  { writes, reads }: Access,
  { kind, claims }: Pick<AccessCase, 'kind' | 'claims'>,
): readonly string[] {
  const [own, ...others] = writes === undefined ? [undefined, ...reads] : reads
  const parts = reads.map(({ name }) => splitScopeName(name))
  const projects = new Set(parts.map((part) => `${part?.issuerId}:${part?.projectId}`))
  const isProtected = writes?.level === 'protected'
  const isSaid =
    kind === 'circleci' || kind === 'github-runtime' || claims['ref_protected'] === 'true'
  const event = kind === 'gitlab' ? claims['pipeline_source'] : claims['event_name']
  const problems: readonly (readonly [boolean, string])[] = [
    [parts.includes(undefined), 'a scope cannot be read'],
    [projects.size > 1, 'two projects'],
    [own?.name !== writes?.name, 'the own scope is not read first'],
    [others.some((scope) => scope?.level !== 'protected'), 'a less trusted scope is read'],
    [writes?.level === 'untrusted' || writes?.level === 'dev', 'a job writes where none does'],
    [isProtected && !isSaid, 'protected, and no claim says so'],
    [isProtected && !HARMLESS.includes(event), 'protected, and anybody can cause the event'],
    [writes !== undefined && Boolean(claims['environment']), 'a deployment writes'],
    [
      writes !== undefined && claims['oidc.circleci.com/ssh-rerun'] === true,
      'somebody with a shell writes',
    ],
  ]
  return problems.filter(([isBroken]) => isBroken).map(([, problem]) => problem)
}
