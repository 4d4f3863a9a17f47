import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { readCheckedFile } from '@taskvault/core/config'
import { DEFAULT_LIMITS as ENGINE_LIMITS } from '../engine/engine-options.ts'
import type { Allowance } from '../http/callers/token-bucket.ts'
import { DEFAULT_LIMITS } from '../http/limits.ts'
import type { HttpLimits } from '../http/limits.ts'
import { checkFile } from './config-file.ts'
import type { FileLimits, FileTls, FileValues } from './config-file.ts'
import { invalidSettings } from './invalid-settings.ts'
import type { ServerSettings, TlsSettings } from './server-settings.ts'
import { trustOf } from './trust-of-file.ts'

export interface LoadServerRequest {
  /** What relative paths on the command line are relative to; absolute. */
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** The configuration file; undefined: there is none. */
  readonly configPath: string | undefined
  /** From the command line; these win over the file. */
  readonly host?: string | undefined
  readonly port?: number | undefined
  readonly dataDirectory?: string | undefined
  /** Where neither says anything. */
  readonly defaultPort: number
}

/**
 * What the server is told: by the command line, else the environment, else its file, else nobody.
 * @throws {TaskVaultError} CONFIG_INVALID, CONFIG_NOT_FOUND.
 */
export async function loadServerSettings(request: LoadServerRequest): Promise<ServerSettings> {
  const file = await readFile(request)
  const { drain = {} } = file
  const limits = httpLimitsOf(file.limits ?? {})
  const settings: ServerSettings = {
    ...placesOf(request, file),
    host: request.host ?? file.host ?? '127.0.0.1',
    port: request.port ?? file.port ?? request.defaultPort,
    publicUrl: file.publicUrl,
    isDirect: file.bucket !== undefined && file.transfer !== 'proxied',
    isAuthenticated: file.authentication !== 'none',
    trust: trustOf(file),
    engine: { ...ENGINE_LIMITS, ...file.quotas, blobBytes: limits.maxBlobBytes },
    limits,
    logLevel: file.logLevel ?? 'info',
    isMetricsPublic: file.metrics === 'public',
    drainMs: (drain.timeoutSeconds ?? 30) * 1000,
    drainNoticeMs: (drain.noticeSeconds ?? 0) * 1000,
  }
  refuseContradictions(settings, file)
  return settings
}

async function readFile({ configPath, cwd }: LoadServerRequest): Promise<Partial<FileValues>> {
  if (configPath === undefined) return {}
  const values = await readCheckedFile(resolve(cwd, configPath), {
    cwd,
    check: checkFile,
    absentHint: 'Correct `--config`, or leave it out to serve with nothing configured.',
    invalidHint: 'Correct what is named above; docs/server.md describes every key.',
  })
  return values ?? {}
}

type Places = Pick<ServerSettings, 'dataDirectory' | 'databaseUrl' | 'bucketUrl' | 'tls'>

/** Paths in the file are relative to the file, those on the command line to where it was typed. */
function placesOf(request: LoadServerRequest, file: Partial<FileValues>): Places {
  const { cwd, env, configPath } = request
  const home = configPath === undefined ? cwd : dirname(resolve(cwd, configPath))
  const dataDirectory =
    request.dataDirectory !== undefined
      ? resolve(cwd, request.dataDirectory)
      : resolve(home, file.dataDir ?? defaultDataDirectory(env))
  const databaseUrl = env['TASKVAULT_DATABASE_URL'] ?? file.database
  return {
    dataDirectory,
    databaseUrl:
      databaseUrl === undefined
        ? `sqlite:${join(dataDirectory, 'server.db')}`
        : locate(databaseUrl, home),
    bucketUrl: file.bucket,
    tls: file.tls === undefined ? undefined : tlsOf(file.tls, home),
  }
}

function defaultDataDirectory(env: LoadServerRequest['env']): string {
  const { HOME: home = '', XDG_DATA_HOME: shared = '' } = env
  // A service may be started without HOME; what is then relative would lie wherever it was started.
  const base = shared === '' ? join(home === '' ? homedir() : home, '.local/share') : shared
  return join(base, 'taskvault', 'server')
}

function locate(databaseUrl: string, home: string): string {
  const [, file] = /^sqlite:(?!\/\/)(.+)$/.exec(databaseUrl) ?? []
  return file === undefined ? databaseUrl : `sqlite:${resolve(home, file)}`
}

function tlsOf(tls: Partial<FileTls>, home: string): TlsSettings {
  const { certificate, key, clientAuthorities, clientCertificates } = tls
  if (certificate === undefined || key === undefined) {
    throw invalidSettings('`tls` needs both `certificate` and `key`', 'Name two files in PEM.')
  }
  if (clientCertificates !== undefined && clientAuthorities === undefined) {
    throw invalidSettings(
      '`tls.client_certificates` without `tls.client_ca`',
      'Name the authorities.',
    )
  }
  return {
    certificatePath: resolve(home, certificate),
    keyPath: resolve(home, key),
    clientAuthoritiesPath:
      clientAuthorities === undefined ? undefined : resolve(home, clientAuthorities),
    requiresCertificate: clientCertificates === 'required',
  }
}

function httpLimitsOf(file: Partial<FileLimits>): HttpLimits {
  const { headersTimeoutSeconds, requestsPerSecond, bytesPerSecond, sessionsPerSecond, ...same } =
    file
  return {
    ...DEFAULT_LIMITS,
    ...same,
    ...(headersTimeoutSeconds === undefined
      ? {}
      : { headersTimeoutMs: headersTimeoutSeconds * 1000 }),
    requests: allowanceOf(requestsPerSecond, DEFAULT_LIMITS.requests),
    bytes: allowanceOf(bytesPerSecond, DEFAULT_LIMITS.bytes),
    sessions: allowanceOf(sessionsPerSecond, DEFAULT_LIMITS.sessions),
  }
}

/** A CI system sends everything at once, and then nothing: the same burst, in seconds, as by default. */
function allowanceOf(perSecond: number | 'unlimited' | undefined, standard: Allowance): Allowance {
  if (perSecond === undefined) return standard
  const rate = perSecond === 'unlimited' ? Number.POSITIVE_INFINITY : perSecond
  return { perSecond: rate, burst: Math.max(1, (standard.burst / standard.perSecond) * rate) }
}

function refuseContradictions(
  { host, isAuthenticated, bucketUrl }: ServerSettings,
  { transfer }: Partial<FileValues>,
): void {
  if (!isAuthenticated && !isLoopback(host)) {
    throw invalidSettings(
      `Without authentication, everybody who reaches ${host} could write what builds restore`,
      'Remove `authentication: none`, or listen on 127.0.0.1.',
    )
  }
  if (transfer === 'direct' && bucketUrl === undefined) {
    throw invalidSettings(
      '`transfer: direct` needs a `bucket`',
      'A folder has no address of its own.',
    )
  }
}

/** Whether only this machine reaches what listens there. */
function isLoopback(host: string): boolean {
  return /^(127(\.\d{1,3}){3}|::1|\[::1\]|localhost)$/.test(host)
}
