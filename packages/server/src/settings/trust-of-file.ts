import { parseIssuer } from '../trust/issuer-settings.ts'
import type { IssuerInput, IssuerSettings } from '../trust/issuer-settings.ts'
import { DEFAULT_BRANCHES, DEFAULT_PROJECT } from '../trust/model/key-access.ts'
import { FIRST_TENANT } from '../trust/model/roles.ts'
import { MOST_SESSION_MS } from '../trust/trust-settings.ts'
import type { CertificateGrant, TrustSettings } from '../trust/trust-settings.ts'
import type { FileValues } from './config-file.ts'
import { invalidSettings } from './invalid-settings.ts'

/**
 * Who may call, with what the file leaves open.
 * @throws {TaskVaultError} CONFIG_INVALID
 */
export function trustOf(file: Partial<FileValues>): TrustSettings {
  const { sessions = {}, issuers = [], certificates = [], policies = {} } = file
  return {
    issuers: issuers.map(readIssuer),
    certificates: certificates.map(readCertificate),
    policies,
    sessionMs: sessions.minutes === undefined ? MOST_SESSION_MS : sessions.minutes * 60_000,
    bindsSessions: sessions.bindAddress ?? false,
  }
}

function readIssuer(given: Partial<IssuerInput>, index: number): IssuerSettings {
  const { id, kind, admits = [] } = given
  if (id === undefined || kind === undefined) {
    throw invalidSettings(`issuers.${index + 1} has no \`id\` or no \`kind\``, 'Add both.')
  }
  return parseIssuer({ ...given, id, kind, admits })
}

function readCertificate(given: Partial<CertificateGrant>, index: number): CertificateGrant {
  const { uri, role = 'engineer' } = given
  if (uri === undefined) {
    throw invalidSettings(
      `certificates.${index + 1} has no \`uri\``,
      'Write the one that stands in the certificate.',
    )
  }
  return {
    tenant: FIRST_TENANT,
    project: DEFAULT_PROJECT,
    writes: role === 'viewer' ? 'nothing' : 'own',
    reads: DEFAULT_BRANCHES,
    ...given,
    uri,
    role,
  }
}
