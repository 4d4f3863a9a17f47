import { TaskVaultError } from '@taskvault/core'
import { authorize, isAllowed } from '../trust/model/roles.ts'
import { TRUST_LEVELS } from '../trust/principal.ts'
import type { Principal, Scope } from '../trust/principal.ts'

/**
 * Names of the scopes that `who` may restore from, its own first. Whatever a principal says, nothing
 * less trusted than what it writes is among them.
 */
export function readableScopes(who: Principal): readonly string[] {
  const floor = who.writes === undefined ? 0 : trustOf(who.writes)
  return who.reads.filter((scope) => trustOf(scope) >= floor).map(({ name }) => name)
}

/** Names of the scopes whose entries `who` may look at; undefined: all of its tenant. */
export function visibleScopes(who: Principal): readonly string[] | undefined {
  return isAllowed(who, 'scopes:all') ? undefined : readableScopes(who)
}

export function trustOf({ level }: Scope): number {
  return TRUST_LEVELS[level]
}

/** @throws {TaskVaultError} FORBIDDEN */
export function scopeToWrite(who: Principal, action: 'blobs:write' | 'entries:publish'): Scope {
  authorize(who, action)
  if (who.writes !== undefined) return who.writes
  throw new TaskVaultError('FORBIDDEN', `This caller may not write: ${who.because}`)
}
