import type { EngineLimits } from '../engine/engine-options.ts'
import type { HttpLimits } from '../http/limits.ts'
import type { ServerLogLevel } from '../http/logging.ts'
import type { TrustSettings } from '../trust/trust-settings.ts'

/** Everything that a server is told, checked and complete. Paths are absolute. */
export interface ServerSettings {
  readonly host: string
  readonly port: number
  /** Where callers reach the server, when that is not where it listens. */
  readonly publicUrl: string | undefined
  /** What of the server's lies here: the SQLite file and the blobs, unless told otherwise, and keys. */
  readonly dataDirectory: string
  /** `sqlite:…` or `postgres://…`; may hold a password. */
  readonly databaseUrl: string
  /** `s3://bucket/prefix?endpoint=…`; undefined: the folder `blobs` of the data directory. */
  readonly bucketUrl: string | undefined
  /** Whether callers may go straight to the bucket. */
  readonly isDirect: boolean
  readonly tls: TlsSettings | undefined
  /** Otherwise everybody on this machine is an administrator. */
  readonly isAuthenticated: boolean
  readonly trust: TrustSettings
  readonly engine: EngineLimits
  readonly limits: HttpLimits
  readonly logLevel: ServerLogLevel
  readonly isMetricsPublic: boolean
  /** How long running requests may still take once the server is told to end. */
  readonly drainMs: number
  /** How long load balancers have to notice that, before nobody can connect any more. */
  readonly drainNoticeMs: number
}

/** Files in PEM. */
export interface TlsSettings {
  readonly certificatePath: string
  readonly keyPath: string
  /** Authorities of client certificates. */
  readonly clientAuthoritiesPath: string | undefined
  readonly requiresCertificate: boolean
}
