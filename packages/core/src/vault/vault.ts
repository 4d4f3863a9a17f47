import type { Settings } from '../config/settings.ts'
import type { StatCache } from '../files/scanning/stat-cache.ts'
import type { HashAlgorithm } from '../hashing/hash-algorithm.ts'
import type { TaskKey } from '../model/digest.ts'
import type { ChangeReason } from '../model/explain.ts'
import type { KeyedFingerprint } from '../model/fingerprint.ts'
import type { LeftOut } from '../model/left-out.ts'
import type { Manifest, Origin } from '../model/manifest.ts'
import type { ResolvedPolicy } from '../model/policy.ts'
import type { TaskName } from '../model/task.ts'
import type { WrittenPaths } from '../outputs/written-paths.ts'
import type { ArchiveQuery } from '../remote/github/github-archives.ts'
import type { FoundArchive } from '../remote/github/github-service.ts'
import type { EntryRow } from '../store/entries/entries.ts'
import type { StoreStatistics } from '../store/entries/statistics.ts'
import type { Store } from '../store/store.ts'
import type { Pushed } from './sharing/pushed.ts'
import type { RemoteVault } from './sharing/remote-vault.ts'

/** An output: the path it is declared as, and where it is now. */
export interface OutputTarget {
  readonly declaredAs: string
  readonly absolutePath: string
  /** Absolute. Below this directory, no symlink is followed on the way to the output. */
  readonly anchor?: string
}

/** Outputs described by rules; which ones exist depends on the entry. */
export interface OutputSelection {
  /** Where to restore the outputs that an entry names; undefined if they do not match what is declared. */
  select(names: readonly string[]): readonly OutputTarget[] | undefined
  /** Whether a path at or below an output belongs to the declared ones; undefined: all do. */
  readonly wants: ((absolutePath: string) => boolean) | undefined
  /** Whether to keep something that exists on disk but not in the entry. */
  keeps(absolutePath: string): boolean
  /**
   * What to remove beside the outputs that an entry names, sorted: in directories of the task that are not outputs as
   * a whole, because something in them is left out. Asked after `select`.
   */
  findStale?(names: readonly string[]): readonly OutputTarget[]
}

/** The outputs of a task, some of which are patterns. */
export interface TaskOutputs extends OutputSelection {
  /**
   * What there is now, sorted by name: outputs that are paths, whether they exist or not, and what the patterns select.
   * @throws {TaskVaultError} OUTPUT_MISSING when a pattern selects nothing; ENTRY_TOO_LARGE when they select too much.
   */
  find(): readonly OutputTarget[]
  /** What was left out of the last `find`, and may be missed. */
  leftOut(): readonly LeftOut[]
  /** Why an input is not an output, though a pattern matches it; undefined: none does. */
  explainInput(relativePath: string): LeftOut | undefined
}

export interface SaveRequest {
  readonly task: TaskName
  readonly work: KeyedFingerprint
  /** Paths on disk, or one output held in memory or streamed (the SDK's results). */
  readonly outputs: readonly OutputTarget[] | Uint8Array | AsyncIterable<Uint8Array>
  /** The encoded log (see model/recorded-log.ts); undefined when nothing was recorded. */
  readonly log?: Uint8Array | undefined
  /** The encoded notes (see model/notes.ts); undefined when none were kept. */
  readonly notes?: Uint8Array | undefined
  readonly exitCode: number
  readonly durationMs: number
  readonly origin: Origin
  readonly policy: ResolvedPolicy
  /** Whether to replace an existing entry of the key. An identical one stays. */
  readonly replaces?: boolean | undefined
  /** Sends an archive of this name instead of the entry; the outputs are then paths on disk. */
  readonly archive?: ArchiveQuery | undefined
  /** Called when everything is stored, just before publication; false cancels it. What it throws is thrown. */
  readonly mayPublish?: (() => Promise<boolean>) | undefined
}

export interface SavedEntry {
  readonly kind: 'saved'
  readonly key: TaskKey
  /** Raw bytes of the outputs. */
  readonly sizeBytes: number
  /** Files and links, without directories: as many as a restore into nothing writes. */
  readonly fileCount: number
  /** Bytes that this save added to the store. */
  readonly storedBytes: number
  /** The key already had an entry with exactly these outputs. */
  readonly wasKnown: boolean
  /** The entry to be replaced was identical, so nothing was saved. */
  readonly isUnchanged?: boolean
  /** What happened at the remote store; absent without one. */
  readonly remote?: Pushed
  /** What the patterns of a task's outputs match, but the entry does not have. */
  readonly leftOut?: readonly LeftOut[]
}

export interface SkippedSave {
  readonly kind: 'skipped'
  readonly because: 'too-large' | 'read-only' | 'withdrawn'
  readonly sizeBytes: number
}

/** No usable entry. `reasons` is empty only if the caller gave no fingerprint to compare with. */
export interface Miss {
  readonly kind: 'miss'
  readonly reasons: readonly ChangeReason[]
}

/** What applying a staged entry did, or would do, to the outputs. */
export interface OutputChanges {
  /**
   * Paths as the caller would write them (declared path, then the path below it), with `/`. Not an array: use
   * `[...written]` to get one.
   */
  readonly written: WrittenPaths
  /** Paths in the same form. */
  readonly removed: readonly string[]
  /** Files and links. */
  readonly unchangedCount: number
}

/**
 * An entry of which every needed byte is on this machine and verified. No output has been touched yet. Dispose it
 * whether or not it was applied: this removes what was staged.
 */
export interface StagedEntry extends AsyncDisposable {
  readonly kind: 'hit'
  readonly manifest: Manifest
  /** Where the outputs go. */
  readonly targets: readonly OutputTarget[]
  /** The recorded log, verified; undefined when nothing was recorded. */
  readonly log: Uint8Array | undefined
  /** The encoded notes, verified; undefined when none were kept. */
  readonly notes: Uint8Array | undefined
  readonly changes: OutputChanges
  /** How many bytes were fetched from the remote store; absent if the entry was on this machine. */
  readonly receivedBytes?: number
  /**
   * Puts the outputs in place by renames.
   * @throws {TaskVaultError} OUTPUT_BLOCKED when something else is in the way and cannot be replaced.
   */
  apply(): Promise<void>
}

/** Which paths belong to a cache: what a save stores, and what a restore may write. */
export interface CacheSelection extends OutputSelection {
  /**
   * What exists now, as few paths as possible.
   * @param under a directory that holds everything, each path below it; by default, paths are in their own places.
   * @throws {TaskVaultError} OUTPUT_MISSING when nothing exists.
   */
  find(under?: string): readonly OutputTarget[]
  /** `outside`: no line applies to this path or to a directory above it. */
  decide(absolutePath: string): 'wanted' | 'left-out' | 'outside'
  /** The project's root or the home directory, if the first path lies there: absolute. */
  readonly start: string | undefined
}

/** An archive of another action, and the cache that it belongs to. */
export interface Adoption {
  readonly archive: FoundArchive
  readonly task: TaskName
  readonly work: KeyedFingerprint
  readonly policy: ResolvedPolicy
  readonly selection: CacheSelection
}

/** What of a manifest is for people. */
export type EntryFacts = Pick<
  Manifest,
  'task' | 'key' | 'createdAtMs' | 'exitCode' | 'durationMs' | 'origin' | 'sizeBytes'
>

/** What became of an archive. */
export type Adopted =
  | {
      /** All of it was moved to its place, because nothing was there; it is no entry. */
      readonly kind: 'placed'
      readonly manifest: EntryFacts
      readonly written: WrittenPaths
      readonly receivedBytes: number
    }
  /** It is an entry on this machine, to be restored like any other. */
  | { readonly kind: 'kept' }

export interface RestoreRequest {
  readonly task: TaskName
  readonly work: KeyedFingerprint
  readonly targets: readonly OutputTarget[] | OutputSelection
  /** Whether the name tells the key: then no other entry of that name can explain a miss, and none is asked for. */
  readonly isNamedByKey?: boolean
}

/** An entry in the index, as `cache ls` shows it. */
export type EntrySummary = Omit<EntryRow, 'number' | 'isExpired' | 'strategy'>

/** One machine's vault: the local store and the operations on it. Dispose it to close it. */
export interface Vault extends AsyncDisposable {
  readonly settings: Settings
  readonly algorithm: HashAlgorithm
  /** For maintenance: functions that work on all entries take the store itself. */
  readonly store: Store
  readonly statCache: StatCache
  /** Undefined without a remote store. */
  readonly remote: RemoteVault | undefined

  save(request: SaveRequest): Promise<SavedEntry | SkippedSave>

  /**
   * Looks an entry up, verifies everything that is needed to restore it, and stages it. Any trouble is a miss, never an
   * exception.
   */
  stage(request: RestoreRequest): Promise<StagedEntry | Miss>

  /** Finds the archive of actions/cache for one of the keys, if the remote store holds such archives. */
  findArchive(query: ArchiveQuery): Promise<FoundArchive | undefined>
  /** Puts an archive in place where nothing is, or turns it into an entry on this machine; undefined if it is unusable. */
  adoptArchive(adoption: Adoption): Promise<Adopted | undefined>

  /**
   * The whole output of an entry that was saved from memory or a stream, verified. For large ones, `openResult`
   * streams it.
   */
  readResult(task: TaskName, work: KeyedFingerprint): Promise<Uint8Array | undefined>
  openResult(task: TaskName, work: KeyedFingerprint): Promise<AsyncIterable<Uint8Array> | undefined>

  stats(): StoreStatistics
}
