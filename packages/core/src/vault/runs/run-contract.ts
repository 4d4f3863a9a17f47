import type { ErrorCode, TaskVaultError } from '../../errors.ts'
import type { TaskKey } from '../../model/digest.ts'
import type { ChangeReason } from '../../model/explain.ts'
import type { KeyedFingerprint } from '../../model/fingerprint.ts'
import type { Manifest, Origin } from '../../model/manifest.ts'
import type { Notes } from '../../model/notes.ts'
import type { ResolvedPolicy } from '../../model/policy.ts'
import type { TaskDefinition, TaskName } from '../../model/task.ts'
import type { Command } from '../../process/command-line.ts'
import type { CommandEnd, SpawnCommand } from '../../process/command-process.ts'
import type { OutputSinks } from '../../process/output-sinks.ts'
import type { SignalSource } from '../../process/signals.ts'
import type { OutputChanges, OutputTarget, SavedEntry, Vault } from '../vault.ts'

/** What of a piece of work decides its key. */
export interface KeyableWork {
  readonly task: TaskName
  readonly definition: TaskDefinition
  /** Undefined: the caller runs something of its own, which does not count. */
  readonly command: Command | undefined
  /** Absolute; within the project. Where the command runs: it counts for the key. */
  readonly directory: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** What is kept is a tool's cache, good for the work and not its result: it may lie anywhere. */
  readonly isCache?: boolean
  /** Of a cache: what of its paths is there is saved, and what else is there stays when it is put back. */
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
  /** Whether the output is a terminal, which can show what another terminal showed. */
  readonly isTerminal: boolean
  /** Whether the command stays in the process group that a terminal signals. */
  readonly sharesTerminal: boolean
  readonly spawn: SpawnCommand
  readonly signals: SignalSource | undefined
  /** Runs the command whatever is known. */
  readonly skipsLookup: boolean
  /** Why nothing is saved by this run, whatever comes of it; undefined: it may be. */
  readonly neverSaves: 'no-save' | 'read-only' | undefined
  readonly onEvent: (event: RunEvent) => void
  /** Absent: the CI system, if there is one, has no files that a command writes to. */
  readonly notes?: NoteTaker
  /** Ends waiting for another process that does the same work. */
  readonly signal?: AbortSignal
}

/** Keeps what a command writes to files of the CI system. */
export interface NoteTaker {
  /** Whether the command seems to write there: an entry that was saved without is not all of its work. */
  readonly areExpected: boolean
  /** What was written so far; asked once the command has ended. */
  read(): Notes
}

/** What happens before the outcome is known. */
export type RunEvent =
  /** The command is about to run. */
  | { readonly kind: 'missed'; readonly reasons: readonly ChangeReason[] }
  /** Another process has been doing the same work for a second, and we wait for it. */
  | { readonly kind: 'waiting' }
  /** The cache had trouble, and the task goes on without it. */
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
  readonly manifest: Manifest
  readonly changes: OutputChanges
  /** Those of the written paths where something else stood; at most 100 are looked at. */
  readonly putBack: readonly string[]
  /** What the command wrote to files of the CI system; absent: nobody kept it. */
  readonly notes?: Notes
  /** How many bytes came for it from the remote store; absent when it was on this machine. */
  readonly receivedBytes?: number
  readonly tookMs: number
}

export interface RanOutcome {
  readonly kind: 'ran'
  readonly task: TaskName
  /** Undefined when trouble kept it from being known. */
  readonly key: TaskKey | undefined
  readonly reasons: readonly ChangeReason[]
  readonly end: CommandEnd
  /** As a shell would report `end`. */
  readonly exitCode: number
  readonly durationMs: number
  readonly save: SavedEntry | NotSaved
  /** Bytes in the middle of the log that were too many to be recorded. */
  readonly omittedLogBytes: number
}

/** Why nothing was saved, where there is no more to say. */
export type PlainReason =
  | 'failed'
  | 'interrupted'
  | 'output-unread'
  | 'secret-noted'
  | 'notes-too-large'
  | 'policy'
  | 'no-save'
  | 'read-only'
  /** The vault lies where this user may not write. */
  | 'not-writable'

export type NotSaved = { readonly kind: 'not-saved' } & (
  | { readonly because: PlainReason }
  | { readonly because: 'inputs-changed'; readonly changes: readonly ChangeReason[] }
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
  /** Whether it can be read, and nothing be saved. */
  readonly isReadOnly: boolean
  /** What the work depends on, as of now. */
  fingerprint(work: KeyableWork): Promise<KeyedFingerprint>
  /** Whether another process finds out what it depends on: then a result is stored meanwhile. */
  readonly asksBeside?: true
  /** Writes to the audit log that a run had to do without the vault. Never throws. */
  recordTrouble(task: TaskName, error: TaskVaultError): void
  /** The newest entry of a task, or of those whose names begin so, wherever it is. */
  findNewest(query: NewestQuery): Promise<NamedKey | undefined>
  /** Whether there is an entry that a look-up would put in place; nothing is fetched for that. */
  isKnown(place: NamedKey): Promise<boolean>
  /** Whether there is an entry, without counting as a use of it. */
  hasEntry(key: TaskKey): boolean
  /** The file that stands for the right to do the work of `key`; absolute. */
  lockPath(key: TaskKey): string
}

/** Either all of the name, or its beginning. */
export type NewestQuery = { readonly task: TaskName } | { readonly taskPrefix: string }

export interface NamedKey {
  readonly task: TaskName
  readonly key: TaskKey
}

/** A run whose key is known. */
export interface KeyedRun {
  readonly vault: RunVault
  readonly request: RunRequest
  readonly targets: readonly OutputTarget[]
  readonly work: KeyedFingerprint
}
