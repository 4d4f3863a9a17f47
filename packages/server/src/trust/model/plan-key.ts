import { TaskVaultError } from '@taskvault/core'
import type { Role } from '../principal.ts'
import { DEFAULT_BRANCHES, DEFAULT_PROJECT, accessOfKey } from './key-access.ts'
import type { KeyGrant } from './key-access.ts'

/** A key without its secret. */
export interface ApiKey extends KeyGrant {
  readonly id: string
  readonly tenantId: string
  /** Ranges that it may be used from; none: anywhere. */
  readonly addresses: readonly string[]
  readonly createdAtMs: number
  readonly expiresAtMs: number
  readonly revokedAtMs: number | undefined
}

/** What is said of a new key; all but its name has a default. */
export interface KeyRequest {
  readonly name: string
  readonly role?: Role | undefined
  readonly project?: string | undefined
  readonly writes?: string | undefined
  readonly reads?: readonly string[] | undefined
  readonly addresses?: readonly string[] | undefined
  readonly expiresInMs?: number | undefined
}

const DAY_MS = 24 * 3_600_000

/** A year and a day: whoever forgets a key is not reminded of it by its end for ever. */
const MOST_KEY_MS = 366 * DAY_MS
const DEFAULT_KEY_MS = 90 * DAY_MS

const NAME = /^[A-Za-z0-9][A-Za-z0-9@._-]{0,63}$/

export interface KeyPlace {
  readonly id: string
  readonly tenantId: string
  readonly nowMs: number
}

/**
 * The key that was asked for, with what was left out: an engineer who reads the default branches and
 * writes for themselves.
 * @throws {TaskVaultError} ARGUMENT_INVALID
 */
export function planKey(request: KeyRequest, { id, tenantId, nowMs }: KeyPlace): ApiKey {
  const { name, role = 'engineer', expiresInMs = DEFAULT_KEY_MS } = request
  if (!NAME.test(name)) {
    throw new TaskVaultError('ARGUMENT_INVALID', `Not a name for a key: ${JSON.stringify(name)}`, {
      hint: 'Use letters, digits, `@`, `.`, `_` and `-`, at most 64: `anna`, `jenkins-shop`.',
    })
  }
  if (!Number.isSafeInteger(expiresInMs) || expiresInMs < 1000 || expiresInMs > MOST_KEY_MS) {
    throw new TaskVaultError('ARGUMENT_INVALID', `A key cannot last that long: ${expiresInMs} ms`, {
      hint: 'It lasts from one second to 366 days; 90 days when nothing is said.',
    })
  }
  const key: ApiKey = {
    id,
    tenantId,
    name,
    role,
    project: request.project ?? DEFAULT_PROJECT,
    writes: request.writes ?? (role === 'admin' || role === 'engineer' ? 'own' : 'nothing'),
    reads: request.reads ?? DEFAULT_BRANCHES,
    addresses: request.addresses ?? [],
    createdAtMs: nowMs,
    expiresAtMs: nowMs + expiresInMs,
    revokedAtMs: undefined,
  }
  // For its refusals: a key whose scopes cannot be read must not be made.
  accessOfKey(key)
  return key
}
