import type { ErrorCode, TaskVaultError } from '../../errors.ts'
import type { TaskKey } from '../../model/digest.ts'
import type { ChangeReason } from '../../model/explain.ts'
import type { KeyedFingerprint } from '../../model/fingerprint.ts'
import type { LeftOut } from '../../model/left-out.ts'
import type { Origin } from '../../model/manifest.ts'
import type { Notes } from '../../model/notes.ts'
import type { ResolvedPolicy } from '../../model/policy.ts'
import type { LogStream } from '../../model/recorded-log.ts'
import type { TaskName, WorkDefinition } from '../../model/task.ts'
import type { Command } from '../../process/command-line.ts'
import type { CommandEnd, SpawnCommand } from '../../process/command-process.ts'
import type { OutputSinks } from '../../process/output-sinks.ts'
import type { SignalSource } from '../../process/signals.ts'
import type {
  EntryFacts,
  OutputChanges,
  OutputTarget,
  SavedEntry,
  TaskOutputs,
  Vault,
} from '../vault.ts'

/** The part of a piece of work that decides its key. */
export interface KeyableWork {
  readonly task: TaskName
  readonly definition: WorkDefinition
  /** Undefined if the caller runs something itself; it does not count for the key then. */
  readonly command: Command | undefined
  /** Where the command runs: absolute, within the project. It counts for the key. */
  readonly directory: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Whether this keeps a tool's cache, not a task's result. Its paths may be anywhere. */
  readonly isCache?: boolean
  /** For a cache: save those of its paths that exist, and keep other files there when restoring it. */
  readonly isLoose?: boolean
}

/** A piece of work: what it reads, runs and writes, and where. */
export interface TaskWork extends KeyableWork {
  readonly command: Command
}

export interface RunRequest extends TaskWork {
  readonly policy: ResolvedPolicy
  readonly origin: Origin
  readonly output: OutputSinks
  /** Whether the output is a terminal, and can show what was recorded from one. */
  readonly isTerminal: boolean
  /** Whether the command stays in the process group that a terminal signals. */
  readonly sharesTerminal: boolean
  readonly spawn: SpawnCommand
  readonly signals: SignalSource | undefined
  /** Runs the command even if its result is saved. */
  readonly skipsLookup: boolean
  /** Why this run saves nothing in any case; undefined if it may save. */
  readonly neverSaves: 'no-save' | 'read-only' | undefined
  readonly onEvent: (event: RunEvent) => void
  /** Absent outside CI systems that give commands files to write to. */
  readonly notes?: NoteTaker
  /** Ends the run with the signal's reason, except while the command runs: none is started after it. */
  readonly signal?: AbortSignal
}

/** Keeps what a command writes to files of the CI system. */
export interface NoteTaker {
  /** Whether the command seems to write there, so that an entry without notes is incomplete. */
  readonly areExpected: boolean
  /** What was written so far; called once the command has ended. */
  read(): Notes
}

/** What happens before the outcome is known. */
export type RunEvent =
  /** The command is about to run. */
  | { readonly kind: 'missed'; readonly reasons: readonly ChangeReason[] }
  /** Another process has been doing the same work for a second; this one waits for it. */
  | { readonly kind: 'waiting' }
  /** What the command printed, now or when it was recorded, ends in the middle of a line. */
  | { readonly kind: 'line-open'; readonly stream: LogStream }
  /** The cache had trouble, and the task continues without it. */
  | {
      readonly kind: 'trouble'
      readonly code: ErrorCode
      readonly message: string
      readonly hint: string | undefined
    }

export type RunOutcome = HitOutcome | RanOutcome

export interface HitOutcome {
  readonly kind: 'hit'
  readonly task: TaskName
  readonly key: TaskKey
  readonly exitCode: number
  readonly manifest: EntryFacts
  readonly changes: OutputChanges
  /** Written paths where something else was, and removed ones; at most 100 of each are examined. */
  readonly putBack: readonly string[]
  /** What the command wrote to files of the CI system; absent if it was not kept. */
  readonly notes?: Notes
  /** How many bytes were fetched from the remote store; absent if the entry was on this machine. */
  readonly receivedBytes?: number
  readonly tookMs: number
}

export interface RanOutcome {
  readonly kind: 'ran'
  readonly task: TaskName
  /** Undefined if trouble kept it from being computed. */
  readonly key: TaskKey | undefined
  readonly reasons: readonly ChangeReason[]
  readonly end: CommandEnd
  /** `end` as a shell would report it. */
  readonly exitCode: number
  readonly durationMs: number
  readonly save: SavedEntry | NotSaved
  /** How many bytes were left out in the middle of a log that was too long. */
  readonly omittedLogBytes: number
}

/** Why nothing was saved, if there are no details. */
export type PlainReason =
  | 'failed'
  | 'interrupted'
  | 'output-unread'
  | 'secret-noted'
  | 'notes-too-large'
  | 'policy'
  | 'no-save'
  | 'read-only'
  /** This user may not write to the vault. */
  | 'not-writable'

export type NotSaved = { readonly kind: 'not-saved' } & (
  | { readonly because: PlainReason }
  | {
      readonly because: 'inputs-changed'
      readonly changes: readonly ChangeReason[]
      /** The first of them that a pattern of the outputs matches. */
      readonly leftOut?: LeftOut
    }
  | { readonly because: 'output-missing'; readonly message: string }
  /** The policy allows `limitBytes`. */
  | {
      readonly because: 'too-large'
      readonly sizeBytes: number
      readonly limitBytes: number | undefined
    }
  /** Reported as an event. */
  | { readonly because: 'trouble' }
)

/** What a run needs of a vault. */
export interface RunVault extends Pick<
  Vault,
  'settings' | 'stage' | 'save' | 'findArchive' | 'adoptArchive'
> {
  /** Whether it can only be read. */
  readonly isReadOnly: boolean
  /** Fingerprints the work's inputs as they are now. */
  fingerprint(work: KeyableWork): Promise<KeyedFingerprint>
  /** Whether another process computes the fingerprint, so that a result can be stored meanwhile. */
  readonly asksBeside?: true
  /** Records in the audit log that a run had to continue without the vault. Never throws. */
  recordTrouble(task: TaskName, error: TaskVaultError): void
  /** Finds the newest entry of a task, or of tasks with a name prefix, here or in the remote store. */
  findNewest(query: NewestQuery): Promise<NamedKey | undefined>
  /** Whether there is an entry that a look-up would restore; fetches nothing. */
  isKnown(place: NamedKey): Promise<boolean>
  /** Whether there is an entry; does not count as a use of it. */
  hasEntry(key: TaskKey): boolean
  /** The lock file of the work of `key`; absolute. */
  lockPath(key: TaskKey): string
}

/** A task's whole name, or a prefix of names. */
export type NewestQuery = { readonly task: TaskName } | { readonly taskPrefix: string }

export interface NamedKey {
  readonly task: TaskName
  readonly key: TaskKey
}

/** A run whose key is known. */
export interface KeyedRun {
  readonly vault: RunVault
  readonly request: RunRequest
  readonly targets: readonly OutputTarget[] | TaskOutputs
  readonly work: KeyedFingerprint
}
