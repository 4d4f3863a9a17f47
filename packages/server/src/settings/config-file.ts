import {
  checkBoolean,
  checkChoice,
  checkFields,
  checkItems,
  checkNamed,
  checkNumber,
  checkNumberOr,
} from '@taskvault/core/config'
import type { Check, Fields } from '@taskvault/core/config'
import type { ServerLogLevel } from '../http/logging.ts'
import type { IssuerInput } from '../trust/issuer-settings.ts'
import type { TrustPolicy } from '../trust/model/trust-policy.ts'
import { MOST_SESSION_MS } from '../trust/trust-settings.ts'
import type { CertificateGrant } from '../trust/trust-settings.ts'
import { bucketUrl, databaseUrl, httpUrl, someText } from './text-checks.ts'
import { checkCertificate, checkIssuer, checkPolicy } from './trust-checks.ts'

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
  readonly tenantBytes: number
  readonly scopeBytes: number
}

export interface FileSessions {
  readonly minutes: number
  readonly bindAddress: boolean
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
  readonly sessions: Partial<FileSessions>
  readonly issuers: readonly Partial<IssuerInput>[]
  readonly certificates: readonly Partial<CertificateGrant>[]
  readonly policies: Readonly<Record<string, Partial<TrustPolicy>>>
  readonly quotas: Partial<FileQuotas>
  readonly limits: Partial<FileLimits>
  readonly drain: Partial<FileDrain>
  readonly logLevel: ServerLogLevel
  readonly metrics: 'public' | 'private'
}

const bytes: Check<number> = checkNumber({ least: 1, most: Number.MAX_SAFE_INTEGER, isWhole: true })
const rate: Check<number | 'unlimited'> = checkNumberOr('unlimited', { least: 0.001, most: 1e15 })

const TLS_FIELDS: Fields<FileTls> = {
  certificate: { key: 'certificate', check: someText },
  key: { key: 'key', check: someText },
  clientAuthorities: { key: 'client_ca', check: someText },
  clientCertificates: { key: 'client_certificates', check: checkChoice(['required', 'accepted']) },
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
  tenantBytes: { key: 'tenant_bytes', check: bytes },
  scopeBytes: { key: 'scope_bytes', check: bytes },
}

const SESSION_FIELDS: Fields<FileSessions> = {
  minutes: { key: 'minutes', check: checkNumber({ least: 1, most: MOST_SESSION_MS / 60_000 }) },
  bindAddress: { key: 'bind_address', check: checkBoolean },
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
  sessions: { key: 'sessions', check: checkFields(SESSION_FIELDS) },
  issuers: { key: 'issuers', check: checkItems(checkIssuer) },
  certificates: { key: 'certificates', check: checkItems(checkCertificate) },
  policies: { key: 'policies', check: checkNamed(checkPolicy, () => undefined) },
  quotas: { key: 'quotas', check: checkFields(QUOTA_FIELDS) },
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
