import { TaskVaultError } from '@taskvault/core'
import { TRUST_LEVELS } from '../principal.ts'
import type { Role, Scope, TrustLevel } from '../principal.ts'
import type { Access } from './derive-access.ts'
import { refOfBranch } from './git-ref.ts'
import { isPlace, scopeOf, splitScopeName } from './scope-name.ts'

/** What an administrator says of a key that is made, or of a certificate that is accepted. */
export interface KeyGrant {
  /** Whose it is: `anna`, `jenkins-shop`. */
  readonly name: string
  readonly role: Role
  /** `github:1234`: whose protected entries it reads, and within which it writes. */
  readonly project: string
  /**
   * `own`: a scope that nobody else reads. `nothing`. Or a level and place that must be named, since
   * others rely on it: `protected:refs/heads/main`, `branch:refs/heads/next`.
   */
  readonly writes: string
  /** Branches whose protected entries it reads. */
  readonly reads: readonly string[]
}

/** Where those are who name no project. */
export const DEFAULT_PROJECT = 'local:default'
export const DEFAULT_BRANCHES: readonly string[] = ['main', 'master']

/**
 * What the bearer of a key may do. A viewer writes nothing, whatever the grant says.
 * @throws {TaskVaultError} ARGUMENT_INVALID when the grant names no such project, scope or branch.
 */
export function accessOfKey(grant: KeyGrant): Access {
  const writes = scopeOfGrant(grant)
  const others = grant.reads.map((branch) => {
    const ref = branch.startsWith('refs/') ? branch : refOfBranch(branch)
    return parseScope(grant.project, 'protected', ref ?? branch)
  })
  const own = writes === undefined ? [] : [writes]
  const reads = [...own, ...others.filter(({ name }) => name !== writes?.name)]
  return { role: grant.role, writes, reads, because: explain(grant, writes) }
}

function explain({ name, role }: KeyGrant, writes: Scope | undefined): string {
  if (writes !== undefined) return `The key ${name} was made to write ${writes.name}.`
  return role === 'viewer'
    ? 'A viewer writes nothing.'
    : `The key ${name} was made to write nothing.`
}

function scopeOfGrant({ name, role, project, writes }: KeyGrant): Scope | undefined {
  if (role === 'viewer' || writes === 'nothing') return undefined
  if (writes === 'own') return parseScope(project, 'dev', name)
  const cut = writes.indexOf(':')
  const level = writes.slice(0, cut)
  if (cut === -1 || !isGrantable(level)) {
    throw new TaskVaultError('ARGUMENT_INVALID', `Not what a key can write: ${writes}`, {
      hint: 'Say `own`, `nothing`, or level and ref: `protected:refs/heads/main`.',
    })
  }
  return parseScope(project, level, writes.slice(cut + 1))
}

function isGrantable(level: string): level is TrustLevel {
  return Object.hasOwn(TRUST_LEVELS, level) && level !== 'untrusted' && level !== 'dev'
}

/** Through the text, so that nothing gets into a scope that `splitScopeName` would not read back. */
function parseScope(project: string, level: TrustLevel, place: string): Scope {
  const parts = isPlace(place) ? splitScopeName(`${project}/${level}:${place}`) : undefined
  if (parts !== undefined) return scopeOf(parts)
  // Whether it is the project that is wrong, which goes with any level and place.
  if (splitScopeName(`${project}/dev:anna`) === undefined) {
    throw new TaskVaultError('ARGUMENT_INVALID', `Not a project: ${JSON.stringify(project)}`, {
      hint: 'A project is `<issuer>:<number>`: `github:1234`, `jenkins:shop`.',
    })
  }
  throw new TaskVaultError('ARGUMENT_INVALID', `Not a place for entries: ${level}:${place}`, {
    hint: 'Say a ref, a number or a short name after the level: `protected:refs/heads/main`.',
  })
}
