import type { Writer } from '@taskvault/core'

/**
 * How far the work of a scope may be relied on; a higher number is trusted more. Levels are compared,
 * never added. `dev` is a person's own scope: it reads what is protected and is read by nobody else.
 */
export const TRUST_LEVELS = {
  untrusted: 0,
  fork: 1,
  pr: 2,
  dev: 2,
  branch: 3,
  protected: 4,
} as const

export type TrustLevel = keyof typeof TRUST_LEVELS

/** Where entries are written under: which project, which trust, and which ref, pull request or person. */
export interface Scope {
  readonly level: TrustLevel
  /** Unique in its tenant, and the text that records and the database carry: `github:1234/protected:refs/heads/main`. */
  readonly name: string
}

export type Role = 'admin' | 'engineer' | 'viewer' | 'external'

/** Whom a request comes from, after everything it claimed was verified. */
export interface Principal {
  readonly tenantId: string
  readonly role: Role
  /** The one scope that may be written; undefined: none. */
  readonly writes: Scope | undefined
  /** Why `writes` is what it is, as a sentence for people: `A job of pull_request_target writes nothing.` */
  readonly because: string
  /** The scopes that may be read, the own one first, then the more trusted. */
  readonly reads: readonly Scope[]
  /** What the records of entries say of their writer. */
  readonly writer: Writer
  /** Undefined for a caller that keeps no session: what it restores is not remembered. */
  readonly sessionId: string | undefined
  readonly expiresAtMs: number | undefined
}
