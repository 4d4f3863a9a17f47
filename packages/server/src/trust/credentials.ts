import type { X509Certificate } from 'node:crypto'
import { TaskVaultError } from '@taskvault/core'

/** What a request brings to prove whom it comes from. */
export interface Credentials {
  /** The Authorization header. */
  readonly authorization: string | undefined
  /** The client's certificate, when TLS found it signed by a configured authority. */
  readonly certificate: X509Certificate | undefined
  readonly remoteAddress: string
  /**
   * What the bearer of a key or certificate calls its job; a token's own claims overrule it. It widens
   * nothing: it says which sessions' restores belong together.
   */
  readonly job?: string | undefined
}

/** What kind of proof there is. A header that cannot be read is never passed over for a certificate. */
export type Proof =
  | { readonly kind: 'session'; readonly text: string }
  | { readonly kind: 'key'; readonly text: string }
  | { readonly kind: 'token'; readonly text: string }
  | { readonly kind: 'certificate'; readonly certificate: X509Certificate }

const BEARER = /^Bearer +([\x21-\x7e]{1,16384})$/i

/** @throws {TaskVaultError} UNAUTHENTICATED when there is no proof, or none of a known kind. */
export function proofOf({ authorization, certificate }: Credentials): Proof {
  if (authorization === undefined) {
    if (certificate !== undefined) return { kind: 'certificate', certificate }
    throw new TaskVaultError('UNAUTHENTICATED', 'There is nothing to tell who calls', {
      hint:
        'Set TASKVAULT_TOKEN to an API key, or let the CI job have an ID token. ' +
        'Other clients send either as `Authorization: Bearer …`.',
    })
  }
  const [, text] = BEARER.exec(authorization) ?? []
  if (text === undefined) {
    throw new TaskVaultError('UNAUTHENTICATED', 'The Authorization header is not of `Bearer`')
  }
  if (text.startsWith('tvs_')) return { kind: 'session', text }
  if (text.startsWith('tv_')) return { kind: 'key', text }
  return { kind: 'token', text }
}
