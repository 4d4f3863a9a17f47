import { TRUST_LEVELS } from '../principal.ts'
import type { Scope, TrustLevel } from '../principal.ts'
import { isWholeRef } from './git-ref.ts'

/** A scope by its parts. */
export interface ScopeParts {
  /** Which of the server's issuers vouches for the project: `github`. */
  readonly issuerId: string
  /** The project's number there: `1234`. */
  readonly projectId: string
  readonly level: TrustLevel
  /** A ref, the number of a pull request, a person. */
  readonly place: string
}

const ISSUER_ID = /^[a-z][a-z0-9-]{0,31}$/
const PROJECT_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/
const SHAPE = /^([^:/]+):([^:/]+)\/([a-z]+):(.+)$/s

/**
 * The scope of these parts. Different parts give different names: none but the last can hold a
 * separator. A name is compared as a whole and never taken for a path.
 */
export function scopeOf({ issuerId, projectId, level, place }: ScopeParts): Scope {
  return { level, name: `${issuerId}:${projectId}/${level}:${place}` }
}

/** The parts of a name that `scopeOf` gave; undefined for every other text. */
export function splitScopeName(name: string): ScopeParts | undefined {
  const [, issuerId = '', projectId = '', level = '', place = ''] = SHAPE.exec(name) ?? []
  if (!isIssuerId(issuerId) || !isProjectId(projectId) || !isTrustLevel(level)) return undefined
  return isPlace(place) ? { issuerId, projectId, level, place } : undefined
}

export function isIssuerId(text: string): boolean {
  return ISSUER_ID.test(text)
}

export function isProjectId(text: string): boolean {
  return PROJECT_ID.test(text)
}

export function isTrustLevel(text: string): text is TrustLevel {
  return Object.hasOwn(TRUST_LEVELS, text)
}

/** A ref, or a short name without anything that could be taken for a separator or a path. */
export function isPlace(text: string): boolean {
  return isWholeRef(text) || /^[A-Za-z0-9][A-Za-z0-9@._:-]{0,127}$/.test(text) || isForkRef(text)
}

/** The ref of a fork's branch, behind the fork's number: `77:refs/heads/main`. */
function isForkRef(text: string): boolean {
  const cut = text.indexOf(':')
  return cut > 0 && isProjectId(text.slice(0, cut)) && isWholeRef(text.slice(cut + 1))
}
