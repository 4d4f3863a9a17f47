import type { X509Certificate } from 'node:crypto'
import { TaskVaultError } from '@taskvault/core'
import { urisOfCertificate } from './certificate-names.ts'
import { accessOfKey } from './model/key-access.ts'
import type { Principal } from './principal.ts'
import { digestOfSecret } from './secret-digest.ts'
import type { CertificateGrant } from './trust-settings.ts'

/**
 * The caller that a client certificate is of. That an authority of ours signed it, TLS has checked;
 * that it has not expired since is checked here, for connections that last.
 * @throws {TaskVaultError} UNAUTHENTICATED unless the settings name exactly one of its URIs.
 */
export function principalOfCertificate(
  certificate: X509Certificate,
  grants: readonly CertificateGrant[],
  nowMs: number,
): Principal {
  const expiresAtMs = certificate.validToDate.getTime()
  if (nowMs >= expiresAtMs || nowMs < certificate.validFromDate.getTime()) {
    throw new TaskVaultError('UNAUTHENTICATED', 'The client certificate is not valid now')
  }
  const uris = new Set(urisOfCertificate(certificate))
  const [grant, another] = grants.filter(({ uri }) => uris.has(uri))
  if (grant === undefined || another !== undefined) {
    const which = grant === undefined ? 'none' : 'several'
    throw new TaskVaultError(
      'UNAUTHENTICATED',
      `Of the URIs in the client certificate, ${which} are known here`,
      { hint: 'The settings name callers by a URI among the subject’s alternative names.' },
    )
  }
  return {
    tenantId: grant.tenant,
    ...accessOfKey({ ...grant, name: nameOf(grant.uri) }),
    writer: {
      issuer: 'certificate',
      subject: grant.uri,
      claims: { fingerprint: certificate.fingerprint256 },
    },
    sessionId: undefined,
    expiresAtMs,
  }
}

/** Readable, and no other URI's: `ci/jenkins` and `ci-jenkins` read alike, and are two callers. */
function nameOf(uri: string): string {
  const readable = uri.replace(/[^A-Za-z0-9@._-]+/g, '-').slice(-48)
  return `${readable.replace(/^[^A-Za-z0-9]+/, '')}-${digestOfSecret(uri).slice(0, 15)}`
}
