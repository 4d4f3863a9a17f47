import { TaskVaultError } from '@taskvault/core'
import { DEFAULT_PROJECT } from './model/key-access.ts'
import { isIssuerId, isTrustLevel } from './model/scope-name.ts'
import { TRUST_LEVELS } from './principal.ts'
import type { TrustLevel } from './principal.ts'

/** Whose tokens an issuer's are like; `github-runtime` are those that runners give to cache clients. */
export type IssuerKind = 'github' | 'github-runtime' | 'gitlab' | 'circleci' | 'jenkins'

export const ISSUER_KINDS: readonly IssuerKind[] = [
  'github',
  'github-runtime',
  'gitlab',
  'circleci',
  'jenkins',
]

/** Projects whose jobs a tenant takes in: of one owner, one project, or, with neither, all. */
export interface Admission {
  readonly tenant: string
  /** Number of the account, organisation or group. Numbers are not given again, as names are. */
  readonly owner?: string | undefined
  /** Number of the project. */
  readonly project?: string | undefined
}

export interface ProjectSettings {
  readonly defaultBranches?: readonly string[] | undefined
  readonly protectedRefs?: readonly string[] | undefined
  readonly origin?: string | undefined
}

/** An issuer as the server's owner writes it down. */
export interface IssuerInput {
  /** Short; the first part of the scopes of its jobs: `github`. */
  readonly id: string
  readonly kind: IssuerKind
  /** The exact `iss` of its tokens. Only GitHub's own has a default. */
  readonly issuer?: string | undefined
  /** Where its keys are fetched; by default where this kind of issuer has them. */
  readonly jwksUrl?: string | undefined
  /** The `aud` that jobs must ask for. */
  readonly audience?: string | undefined
  readonly algorithms?: readonly string[] | undefined
  /** The most that this issuer is believed. */
  readonly ceiling?: TrustLevel | undefined
  /** How often one token opens a session: once, or until one of its sessions is closed. */
  readonly tokenUses?: 'once' | 'until-closed' | undefined
  readonly forksGetTokens?: boolean | undefined
  readonly admits: readonly Admission[]
  /** For every project that is not named in `projects`, and what that one does not say. */
  readonly defaults?: ProjectSettings | undefined
  /** By number. */
  readonly projects?: Readonly<Record<string, ProjectSettings>> | undefined
}

export interface IssuerSettings {
  readonly id: string
  readonly kind: IssuerKind
  readonly issuer: string
  readonly jwksUrl: string
  /** Undefined for `github-runtime` only. */
  readonly audience: string | undefined
  readonly algorithms: readonly string[]
  readonly ceiling: TrustLevel
  readonly tokenUses: 'once' | 'until-closed'
  readonly forksGetTokens: boolean
  readonly admits: readonly Admission[]
  readonly defaults: ProjectSettings
  readonly projects: Readonly<Record<string, ProjectSettings>>
}

const GITHUB = 'https://token.actions.githubusercontent.com'

/** Issuers that give tokens to everybody in the world. */
const SHARED: ReadonlySet<string> = new Set([GITHUB, 'https://gitlab.com'])

interface KindRow {
  readonly jwksPath: string
  readonly ceiling: TrustLevel
  /** The most that settings can raise the ceiling to. */
  readonly highest: TrustLevel
  /** GitHub makes a token each time it is asked. The others give each job one, which all its commands share. */
  readonly tokenUses: IssuerSettings['tokenUses']
}

const KINDS: Readonly<Record<IssuerKind, KindRow>> = {
  github: {
    jwksPath: '/.well-known/jwks',
    ceiling: 'protected',
    highest: 'protected',
    tokenUses: 'once',
  },
  'github-runtime': {
    jwksPath: '/.well-known/jwks',
    ceiling: 'protected',
    highest: 'protected',
    tokenUses: 'until-closed',
  },
  gitlab: {
    jwksPath: '/oauth/discovery/keys',
    ceiling: 'protected',
    highest: 'protected',
    tokenUses: 'until-closed',
  },
  circleci: {
    jwksPath: '/.well-known/jwks-pub.json',
    ceiling: 'protected',
    highest: 'protected',
    tokenUses: 'until-closed',
  },
  // Who configures a job could make its claims say what they like (CVE-2025-47884).
  jenkins: {
    jwksPath: '/jwks',
    ceiling: 'untrusted',
    highest: 'branch',
    tokenUses: 'until-closed',
  },
}

/** Those with a public key only: with a shared secret, whoever verifies tokens could make them. */
const ALGORITHMS: ReadonlySet<string> = new Set([
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
])

/**
 * Checks an issuer, and fills in what its kind has by default.
 * @throws {TaskVaultError} CONFIG_INVALID, naming the field.
 */
export function parseIssuer(input: IssuerInput): IssuerSettings {
  const row = KINDS[input.kind]
  const issuer = input.issuer ?? (isGithub(input.kind) ? GITHUB : undefined)
  const check = createCheck(input.id)
  check(isIssuerId(input.id), 'its id is not of a-z, 0-9 and hyphens, up to 32 of them')
  if (issuer === undefined) throw invalid(input.id, 'it has no `issuer`')
  const jwksUrl = input.jwksUrl ?? `${issuer.replace(/\/$/, '')}${row.jwksPath}`
  check(isSafeUrl(jwksUrl), 'its `jwks_url` is not an address of https, or of this machine')
  const algorithms = input.algorithms ?? ['RS256']
  check(
    algorithms.length > 0 && algorithms.every((name) => ALGORITHMS.has(name)),
    '`algorithms` are not all ones with a public key: RS256, ES256, EdDSA, …',
  )
  check(
    input.kind === 'github-runtime' || (input.audience ?? '') !== '',
    'it has no `audience`: without one, tokens that were made for others are taken',
  )
  const ceiling = input.ceiling ?? row.ceiling
  check(isTrustLevel(ceiling), `its \`ceiling\` is not a trust level: ${ceiling}`)
  check(
    TRUST_LEVELS[ceiling] <= TRUST_LEVELS[row.highest],
    `its \`ceiling\` is above ${row.highest}, which is the most that ${input.kind} can be believed`,
  )
  checkAdmissions(input, issuer)
  return {
    id: input.id,
    kind: input.kind,
    issuer,
    jwksUrl,
    audience: input.audience,
    algorithms,
    ceiling,
    tokenUses: input.tokenUses ?? row.tokenUses,
    forksGetTokens: input.forksGetTokens ?? false,
    admits: input.admits,
    defaults: input.defaults ?? {},
    projects: input.projects ?? {},
  }
}

/**
 * Checks issuers against each other. Two with one id would write into the same scopes: project 1234 of
 * one GitLab would be project 1234 of another.
 * @throws {TaskVaultError} CONFIG_INVALID
 */
export function checkIssuers(issuers: readonly IssuerSettings[]): void {
  const [localId] = DEFAULT_PROJECT.split(':')
  for (const [index, { id, kind, issuer }] of issuers.entries()) {
    const check = createCheck(id)
    const earlier = issuers.slice(0, index)
    const isRuntime = kind === 'github-runtime'
    check(id !== localId, 'its id is kept for API keys that name no project')
    check(!earlier.some((each) => each.id === id), 'another one has the same id')
    check(
      !earlier.some(
        (each) => each.issuer === issuer && (each.kind === 'github-runtime') === isRuntime,
      ),
      'another one has the same `issuer`, so that nobody could tell whose a token is',
    )
  }
}

function checkAdmissions({ id, admits }: IssuerInput, issuer: string): void {
  const check = createCheck(id)
  check(admits.length > 0, 'it admits no projects')
  const isOpen = admits.some(({ owner, project }) => owner === undefined && project === undefined)
  check(
    !isOpen || !SHARED.has(issuer),
    'it gives tokens to everybody, so that every `admits` must name an `owner` or a `project`',
  )
}

function isGithub(kind: IssuerKind): boolean {
  return kind === 'github' || kind === 'github-runtime'
}

function createCheck(id: string): (holds: boolean, problem: string) => void {
  return (holds, problem) => {
    if (!holds) throw invalid(id, problem)
  }
}

function invalid(id: string, problem: string): TaskVaultError {
  return new TaskVaultError('CONFIG_INVALID', `The issuer ${id} cannot be used: ${problem}`, {
    hint: 'docs/trust.md has an example of each kind of issuer.',
  })
}

/** Whoever answers instead of the issuer makes any token: without TLS, only on this machine. */
function isSafeUrl(text: string): boolean {
  const url = URL.parse(text)
  if (url === null || url.username !== '' || url.password !== '') return false
  if (url.protocol === 'https:') return true
  return url.protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname)
}
