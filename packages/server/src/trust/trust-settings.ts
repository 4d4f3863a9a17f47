import type { IssuerSettings } from './issuer-settings.ts'
import type { KeyGrant } from './model/key-access.ts'
import type { TrustPolicy } from './model/trust-policy.ts'

/** What the server's owner says of who may call, checked and complete. */
export interface TrustSettings {
  readonly issuers: readonly IssuerSettings[]
  /** By tenant; what a tenant does not say is as in DEFAULT_TRUST_POLICY. */
  readonly policies: Readonly<Record<string, Partial<TrustPolicy>>>
  readonly certificates: readonly CertificateGrant[]
  /** How long a session lasts: at most MOST_SESSION_MS, whatever is said here. */
  readonly sessionMs: number
  /** Whether a session works from the address only that opened it. Off where jobs leave by several. */
  readonly bindsSessions: boolean
}

/** What the bearer of a client certificate may do. */
export interface CertificateGrant extends Omit<KeyGrant, 'name'> {
  /** The exact URI among its subject's alternative names: `spiffe://acme/ci/jenkins`. */
  readonly uri: string
  readonly tenant: string
}

export const MOST_SESSION_MS: number = 60 * 60_000
