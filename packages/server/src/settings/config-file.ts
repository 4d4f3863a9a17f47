import {
  checkBoolean,
  checkChoice,
  checkFields,
  checkItems,
  checkNamed,
  checkNumber,
  checkNumberOr,
  checkText,
  checkTexts,
} from '@taskvault/core/config'
import type { Check, Fields } from '@taskvault/core/config'
import type { ServerLogLevel } from '../http/logging.ts'
import { ISSUER_KINDS } from '../trust/issuer-settings.ts'
import type { Admission, IssuerInput, ProjectSettings } from '../trust/issuer-settings.ts'
import { TRUST_LEVELS } from '../trust/principal.ts'
import type { TrustLevel } from '../trust/principal.ts'

/*
 * What the server's configuration file may say, key by key. Whatever is absent keeps its default;
 * docs/server.md describes each.
 */

export interface FileTls {
  readonly certificate: string
  readonly key: string
  readonly clientAuthorities: string
  readonly clientCertificates: 'required' | 'accepted'
}

export interface FileLimits {
  readonly maxBlobBytes: number
  readonly maxConnections: number
  readonly headersTimeoutSeconds: number
  readonly leastBytesPerSecond: number
  readonly requestsPerSecond: number | 'unlimited'
  readonly bytesPerSecond: number | 'unlimited'
  readonly sessionsPerSecond: number | 'unlimited'
}

export interface FileQuotas {
  readonly tenantBytes: number | 'unlimited'
  readonly scopeBytes: Readonly<Partial<Record<TrustLevel, number | 'unlimited'>>>
}

export interface FileRetention {
  readonly ttlSeconds: number | 'never'
  readonly maintenanceSeconds: number
}

export interface FileDrain {
  readonly noticeSeconds: number
  readonly timeoutSeconds: number
}

/** The file's values as they are written. */
export interface FileValues {
  readonly host: string
  readonly port: number
  readonly publicUrl: string
  readonly dataDir: string
  readonly database: string
  readonly bucket: string
  readonly transfer: 'direct' | 'proxied'
  readonly tls: Partial<FileTls>
  readonly authentication: 'required' | 'none'
  readonly issuers: readonly Partial<IssuerInput>[]
  readonly quotas: Partial<FileQuotas>
  readonly retention: Partial<FileRetention>
  readonly limits: Partial<FileLimits>
  readonly drain: Partial<FileDrain>
  readonly logLevel: ServerLogLevel
  readonly metrics: 'public' | 'private'
}

const someText: Check<string> = checkText('a text that is not empty', (text) => text.trim() !== '')
const httpUrl: Check<string> = checkText(
  'an address that begins with https:// or http://',
  (text) => ['https:', 'http:'].includes(URL.parse(text)?.protocol ?? ''),
)
const plainDatabaseUrl: Check<string> = checkText(
  'sqlite:/path/to/file.db or postgres://user@host/name',
  (text) => /^(sqlite:.|postgres(ql)?:\/\/.)/.test(text),
)
/** What is refused is shown, and this may hold a password. */
const databaseUrl: Check<string> = (node, path, reading) => {
  const isMasked = node.kind === 'scalar' && /:.*@/.test(String(node.value))
  const isWrong = isMasked && !/^postgres(ql)?:\/\/./.test(String(node.value))
  return plainDatabaseUrl(isWrong ? { ...node, value: '…@…' } : node, path, reading)
}
const bucketUrl: Check<string> = checkText('s3://bucket/prefix?endpoint=https://…', (text) =>
  /^s3:\/\/./.test(text),
)

const bytes: Check<number> = checkNumber({ least: 1, most: Number.MAX_SAFE_INTEGER, isWhole: true })
const quota: Check<number | 'unlimited'> = checkNumberOr('unlimited', {
  least: 1,
  most: Number.MAX_SAFE_INTEGER,
  isWhole: true,
})
const rate: Check<number | 'unlimited'> = checkNumberOr('unlimited', { least: 0.001, most: 1e15 })
const trustLevels = Object.keys(TRUST_LEVELS) as readonly TrustLevel[]
const YEAR_SECONDS = 31_536_000

const TLS_FIELDS: Fields<FileTls> = {
  certificate: { key: 'certificate', check: someText },
  key: { key: 'key', check: someText },
  clientAuthorities: { key: 'client_ca', check: someText },
  clientCertificates: { key: 'client_certificates', check: checkChoice(['required', 'accepted']) },
}

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
  const { tenant = 'default', ...rest } = checkFields(ADMISSION_FIELDS)(node, path, reading) ?? {}
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

const LIMIT_FIELDS: Fields<FileLimits> = {
  maxBlobBytes: { key: 'max_blob_bytes', check: bytes },
  maxConnections: {
    key: 'max_connections',
    check: checkNumber({ least: 1, most: 1_000_000, isWhole: true }),
  },
  headersTimeoutSeconds: {
    key: 'headers_timeout_seconds',
    check: checkNumber({ least: 1, most: 300 }),
  },
  leastBytesPerSecond: { key: 'least_bytes_per_second', check: bytes },
  requestsPerSecond: { key: 'requests_per_second', check: rate },
  bytesPerSecond: { key: 'bytes_per_second', check: rate },
  sessionsPerSecond: { key: 'sessions_per_second', check: rate },
}

const QUOTA_FIELDS: Fields<FileQuotas> = {
  tenantBytes: { key: 'tenant_bytes', check: quota },
  scopeBytes: {
    key: 'scope_bytes',
    check: checkFields(
      Object.fromEntries(
        trustLevels.map((level) => [level, { key: level, check: quota }]),
      ) as Fields<Record<TrustLevel, number | 'unlimited'>>,
    ),
  },
}

const RETENTION_FIELDS: Fields<FileRetention> = {
  ttlSeconds: {
    key: 'ttl_seconds',
    check: checkNumberOr('never', { least: 1, most: 100 * YEAR_SECONDS, isWhole: true }),
  },
  maintenanceSeconds: {
    key: 'maintenance_seconds',
    check: checkNumber({ least: 1, most: 86_400 }),
  },
}

const DRAIN_FIELDS: Fields<FileDrain> = {
  noticeSeconds: { key: 'notice_seconds', check: checkNumber({ least: 0, most: 600 }) },
  timeoutSeconds: { key: 'timeout_seconds', check: checkNumber({ least: 0, most: 3600 }) },
}

const FILE_FIELDS: Fields<FileValues> = {
  host: { key: 'host', check: someText },
  port: { key: 'port', check: checkNumber({ least: 0, most: 65_535, isWhole: true }) },
  publicUrl: { key: 'public_url', check: httpUrl },
  dataDir: { key: 'data_dir', check: someText },
  database: { key: 'database', check: databaseUrl },
  bucket: { key: 'bucket', check: bucketUrl },
  transfer: { key: 'transfer', check: checkChoice(['direct', 'proxied']) },
  tls: { key: 'tls', check: checkFields(TLS_FIELDS) },
  authentication: { key: 'authentication', check: checkChoice(['required', 'none']) },
  issuers: { key: 'issuers', check: checkItems(checkFields(ISSUER_FIELDS)) },
  quotas: { key: 'quotas', check: checkFields(QUOTA_FIELDS) },
  retention: { key: 'retention', check: checkFields(RETENTION_FIELDS) },
  limits: { key: 'limits', check: checkFields(LIMIT_FIELDS) },
  drain: { key: 'drain', check: checkFields(DRAIN_FIELDS) },
  logLevel: {
    key: 'log_level',
    check: checkChoice<ServerLogLevel>(['debug', 'info', 'warn', 'error', 'silent']),
  },
  metrics: { key: 'metrics', check: checkChoice(['public', 'private']) },
}

/** Checks a whole file; what is wrong is added to the reading's problems. */
export const checkFile: Check<Partial<FileValues>> = checkFields(FILE_FIELDS)
