import type { X509Certificate } from 'node:crypto'
import type { Principal } from '../trust/principal.ts'

/** What a request brings to prove whom it comes from. */
export interface Credentials {
  /** The Authorization header. */
  readonly authorization: string | undefined
  /** The client's certificate, when TLS found it signed by a configured authority. */
  readonly certificate: X509Certificate | undefined
  readonly remoteAddress: string
}

export interface OpenedSession {
  /** `tvs_…`: the bearer of the session; shown this once. */
  readonly token: string
  readonly expiresAtMs: number
  readonly principal: Principal
}

/** Tells who calls. */
export interface Authenticator {
  /** @throws {TaskVaultError} UNAUTHENTICATED, or FORBIDDEN from an address that the key may not be used from. */
  authenticate(credentials: Credentials): Promise<Principal>
  /** @throws {TaskVaultError} as `authenticate`. */
  openSession(credentials: Credentials): Promise<OpenedSession>
  /** From now on its token is unknown. */
  closeSession(principal: Principal): Promise<void>
}
