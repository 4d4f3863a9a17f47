import {
  checkBoolean,
  checkChoice,
  checkFields,
  checkItems,
  checkNamed,
  checkText,
  checkTexts,
} from '@taskvault/core/config'
import type { Check, Fields } from '@taskvault/core/config'
import { ISSUER_KINDS } from '../trust/issuer-settings.ts'
import type { Admission, IssuerInput, ProjectSettings } from '../trust/issuer-settings.ts'
import { TRUSTED_TRIGGERS } from '../trust/model/ci-job.ts'
import { FIRST_TENANT, ROLES } from '../trust/model/roles.ts'
import type { TrustPolicy } from '../trust/model/trust-policy.ts'
import { TRUST_LEVELS } from '../trust/principal.ts'
import type { TrustLevel } from '../trust/principal.ts'
import type { CertificateGrant } from '../trust/trust-settings.ts'
import { httpUrl, someText } from './text-checks.ts'

/* Who may call, as the configuration file says it; docs/trust.md tells what it means. */

const trustLevels = Object.keys(TRUST_LEVELS) as readonly TrustLevel[]

const PROJECT_FIELDS: Fields<ProjectSettings> = {
  defaultBranches: { key: 'default_branches', check: checkTexts(someText) },
  protectedRefs: { key: 'protected_refs', check: checkTexts(someText) },
  origin: { key: 'origin', check: someText },
}

const number: Check<string> = (node, path, reading) =>
  // Numbers of projects look like numbers, and are names.
  checkText('a number, such as 1234', (text) => text.trim() !== '')(
    node.kind === 'scalar' && typeof node.value === 'number'
      ? { ...node, value: String(node.value) }
      : node,
    path,
    reading,
  )

const ADMISSION_FIELDS: Fields<Admission> = {
  tenant: { key: 'tenant', check: someText },
  owner: { key: 'owner', check: number },
  project: { key: 'project', check: number },
}

const checkAdmission: Check<Admission> = (node, path, reading) => {
  const { tenant = FIRST_TENANT, ...rest } =
    checkFields(ADMISSION_FIELDS)(node, path, reading) ?? {}
  return { tenant, ...rest }
}

const ISSUER_FIELDS: Fields<IssuerInput> = {
  id: { key: 'id', check: someText },
  kind: { key: 'kind', check: checkChoice(ISSUER_KINDS) },
  issuer: { key: 'issuer', check: httpUrl },
  jwksUrl: { key: 'jwks_url', check: httpUrl },
  audience: { key: 'audience', check: someText },
  algorithms: { key: 'algorithms', check: checkTexts(someText) },
  ceiling: { key: 'ceiling', check: checkChoice(trustLevels) },
  tokenUses: { key: 'token_uses', check: checkChoice(['once', 'until-closed']) },
  forksGetTokens: { key: 'forks_get_tokens', check: checkBoolean },
  admits: { key: 'admits', check: checkItems(checkAdmission) },
  defaults: { key: 'defaults', check: checkFields(PROJECT_FIELDS) },
  projects: { key: 'projects', check: checkNamed(checkFields(PROJECT_FIELDS), () => undefined) },
}

export const checkIssuer: Check<Partial<IssuerInput>> = checkFields(ISSUER_FIELDS)

const CERTIFICATE_FIELDS: Fields<CertificateGrant> = {
  uri: { key: 'uri', check: someText },
  tenant: { key: 'tenant', check: someText },
  role: { key: 'role', check: checkChoice(ROLES) },
  project: { key: 'project', check: someText },
  writes: { key: 'writes', check: someText },
  reads: { key: 'reads', check: checkTexts(someText) },
}

export const checkCertificate: Check<Partial<CertificateGrant>> = checkFields(CERTIFICATE_FIELDS)

const POLICY_FIELDS: Fields<TrustPolicy> = {
  forkPullRequests: {
    key: 'fork_pull_requests',
    check: checkChoice(['nothing', 'read', 'isolated']),
  },
  trustedTriggers: { key: 'trusted_triggers', check: checkTexts(checkChoice(TRUSTED_TRIGGERS)) },
  releaseWorkflows: { key: 'release_workflows', check: checkTexts(someText) },
  releaseReads: { key: 'release_reads', check: checkChoice(['nothing', 'protected']) },
}

export const checkPolicy: Check<Partial<TrustPolicy>> = checkFields(POLICY_FIELDS)
