import type { ErrorCode } from '../errors.ts'
import type { TaskKey } from './digest.ts'
import type { ChangeReason } from './explain.ts'
import type { TaskName } from './task.ts'

/** Everything that happens, as data. The receiver turns it into text, annotations or metrics. */
export type VaultEvent =
  | {
      readonly kind: 'progress'
      readonly phase: ProgressPhase
      readonly done: number
      readonly total: number | undefined
      readonly unit: 'files' | 'bytes' | 'entries'
    }
  | { readonly kind: 'hit'; readonly task: TaskName; readonly key: TaskKey }
  | {
      readonly kind: 'missed'
      readonly task: TaskName
      readonly key: TaskKey
      readonly reasons: readonly ChangeReason[]
    }
  | {
      readonly kind: 'saved'
      readonly task: TaskName
      readonly key: TaskKey
      readonly storedBytes: number
    }
  | { readonly kind: 'evicted'; readonly task: TaskName; readonly key: TaskKey }
  | {
      readonly kind: 'quarantined'
      readonly task: TaskName
      readonly key: TaskKey
      readonly code: ErrorCode
    }
  | { readonly kind: 'rebuilt'; readonly entries: number; readonly cause: RebuildCause }
  /** The remote store is not used for now: it recently failed to answer another process. What stands in for it, for people. */
  | { readonly kind: 'remote-paused'; readonly insteadOfIt: string | undefined }
  /** The remote store does not answer, and the work continues with the one that stands in for it. */
  | { readonly kind: 'remote-replaced'; readonly code: ErrorCode; readonly message: string }
  /** The cache had trouble, and the work continued without it. */
  | { readonly kind: 'trouble'; readonly code: ErrorCode; readonly message: string }

/** What was wrong with the index that was replaced. */
export type RebuildCause = 'lost' | 'damaged' | 'other-version'

export type ProgressPhase =
  | 'hashing'
  | 'saving'
  | 'restoring'
  | 'receiving'
  | 'sending'
  | 'verifying'
  | 'collecting'

export type Report = (event: VaultEvent) => void
