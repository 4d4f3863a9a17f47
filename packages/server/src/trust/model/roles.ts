import { TaskVaultError } from '@taskvault/core'
import type { Principal, Role } from '../principal.ts'

/** Everything that a caller can ask for. Each route and each method of the engine names one. */
export type Action =
  | 'blobs:read'
  | 'blobs:write'
  | 'entries:find'
  | 'entries:publish'
  | 'entries:list'
  | 'entries:why'
  | 'entries:remove'
  | 'entries:invalidate'
  | 'entries:quarantine'
  | 'scopes:all'
  | 'stats:read'
  | 'audit:read'
  | 'metrics:read'
  | 'keys:manage'
  | 'tenants:manage'

/*
 * The table: who may do what. Scopes narrow it further, and never widen it.
 *
 * `external` is for jobs that strangers can start: they restore, and may ask why they cannot, which
 * takes the list of a task's entries in the scopes that they read. Sums and provenance are not theirs.
 * Removing is the administrator's alone: whoever may remove an entry and write its key again may
 * replace it, and entries are write-once.
 */
const ALLOWED: Readonly<Record<Action, readonly Role[]>> = {
  'blobs:read': ['admin', 'engineer', 'viewer', 'external'],
  'blobs:write': ['admin', 'engineer', 'external'],
  'entries:find': ['admin', 'engineer', 'viewer', 'external'],
  'entries:publish': ['admin', 'engineer', 'external'],
  'entries:list': ['admin', 'engineer', 'viewer', 'external'],
  'entries:why': ['admin', 'engineer', 'viewer'],
  'entries:remove': ['admin'],
  'entries:invalidate': ['admin'],
  'entries:quarantine': ['admin'],
  /** See and remove entries of every scope of the tenant; what is restored stays within `reads`. */
  'scopes:all': ['admin'],
  'stats:read': ['admin', 'engineer', 'viewer'],
  'audit:read': ['admin'],
  /** They are of all tenants: names of tasks are among them. Jobs have no business with them. */
  'metrics:read': ['admin', 'viewer'],
  'keys:manage': ['admin'],
  'tenants:manage': ['admin'],
}

/** What takes a scope that may be written, besides a role. */
const WRITING: ReadonlySet<Action> = new Set(['blobs:write', 'entries:publish'])

/** The tenant of those who run the server; only its administrator may make others. */
export const FIRST_TENANT = 'default'

/** What concerns all tenants, and so takes a role in the first one. */
const OF_FIRST_TENANT: ReadonlySet<Action> = new Set(['metrics:read', 'tenants:manage'])

export const ACTIONS = Object.keys(ALLOWED) as readonly Action[]

export const ROLES: readonly Role[] = ['admin', 'engineer', 'viewer', 'external']

export function isRole(text: string): text is Role {
  return ROLES.some((role) => role === text)
}

/** Whether `who` may do `action` to something; which scopes it may touch is another question. */
export function isAllowed(
  who: Pick<Principal, 'role' | 'writes' | 'tenantId'>,
  action: Action,
): boolean {
  const roles = ALLOWED[action]
  if (!roles.includes(who.role)) return false
  if (OF_FIRST_TENANT.has(action)) return who.tenantId === FIRST_TENANT
  return !WRITING.has(action) || who.writes !== undefined
}

/** @throws {TaskVaultError} FORBIDDEN when `who` may not do `action`; the message says why. */
export function authorize(
  who: Pick<Principal, 'role' | 'writes' | 'tenantId' | 'because'>,
  action: Action,
): void {
  if (isAllowed(who, action)) return
  const roles = ALLOWED[action]
  if (roles.includes(who.role) && WRITING.has(action)) {
    throw new TaskVaultError('FORBIDDEN', `This caller may not write: ${who.because}`, {
      hint: 'What a job may write follows from its token alone; docs/trust.md has the table.',
    })
  }
  throw new TaskVaultError('FORBIDDEN', `The role ${who.role} may not do this: ${action}`, {
    hint:
      action === 'tenants:manage'
        ? `Use a key of an administrator of the tenant \`${FIRST_TENANT}\`.`
        : `It takes the role ${roles.join(' or ')}.`,
  })
}
