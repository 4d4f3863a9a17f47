import type { ObjectStore, RecordSignature } from '@taskvault/core'
import type { OpenDatabase } from '../database/open-database.ts'
import type { Engine, StoredEntry } from './engine.ts'

export interface EngineLimits {
  /** What a scope may hold, where its tenant says nothing else. */
  readonly scopeBytes: number
  /** What all scopes of a tenant may hold together, where it says nothing else. */
  readonly tenantBytes: number
  readonly blobBytes: number
}

export interface EngineTimes {
  /**
   * For how long blobs stay that nobody needs: sent and not yet published, or of entries that went
   * while somebody may still be reading them. Longer than any job takes between the two.
   */
  readonly leaseMs: number
  /** For how long a request that was signed for the bucket holds. Shorter than the lease. */
  readonly signatureMs: number
  /** How long an upload may be under way before its bytes are taken for abandoned. */
  readonly uploadMs: number
  /** For how long what was removed is remembered by id, for the provenance of what came of it. */
  readonly removedMs: number
  /** For how long quarantined entries and their blobs are kept to be looked at. */
  readonly quarantinedMs: number
  /** Uses are counted in memory, and written down at most this much later. */
  readonly countMs: number
}

/** What the engine did by itself; for logs and metrics. */
export type EngineEvent =
  | { readonly kind: 'evicted'; readonly tenantId: string; readonly entries: number }
  | { readonly kind: 'collected'; readonly objects: number }
  | {
      readonly kind: 'lost' | 'damaged'
      readonly tenantId: string
      readonly objectKey: string
    }
  | { readonly kind: 'trouble'; readonly doing: string; readonly error: unknown }

export interface EngineOptions {
  /** Stay the caller's to close, after the engine. */
  readonly database: OpenDatabase
  readonly objects: ObjectStore
  /** Whether clients may talk to the bucket themselves, where it can sign requests. */
  readonly isDirect: boolean
  /** For bytes whose name is not known before they end. */
  readonly temporaryDirectory: string
  readonly limits: EngineLimits
  readonly times: EngineTimes
  /** Undefined for entries that nobody signs. */
  readonly signEntry: (
    tenantId: string,
    entry: Omit<StoredEntry, 'signature'>,
  ) => Promise<RecordSignature | undefined>
  readonly report: (event: EngineEvent) => void
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** An engine, and what is done beside the requests. */
export interface RunningEngine extends Engine {
  /** Removes what has expired, and the objects that nobody needs any more. Safe on many servers at once. */
  collect(): Promise<{ readonly entries: number; readonly objects: number }>
  /** Writes down the uses that were counted so far. */
  flush(): Promise<void>
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const GIB = 1024 ** 3

export const DEFAULT_LIMITS: EngineLimits = {
  scopeBytes: 100 * GIB,
  tenantBytes: 1024 * GIB,
  blobBytes: 5 * GIB,
}

export const DEFAULT_TIMES: EngineTimes = {
  leaseMs: 2 * HOUR,
  signatureMs: 15 * MINUTE,
  uploadMs: 6 * HOUR,
  removedMs: 2 * DAY,
  quarantinedMs: 30 * DAY,
  countMs: 1_000,
}
