import type { Settings } from '../config/settings.ts'
import type { StatCache } from '../files/stat-cache.ts'
import type { HashAlgorithm } from '../hashing/hash-algorithm.ts'
import type { TaskKey } from '../model/digest.ts'
import type { ChangeReason } from '../model/explain.ts'
import type { KeyedFingerprint } from '../model/fingerprint.ts'
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

/** An output by the name it is declared under, and where it lies now. */
export interface OutputTarget {
  readonly declaredAs: string
  readonly absolutePath: string
  /** Absolute: from here on down, no link is followed on the way to it. */
  readonly anchor?: string
}

/** Outputs that are known by a rule: which ones there are, an entry says. */
export interface OutputSelection {
  /** Where the outputs lie that an entry names; undefined when these are not what was declared. */
  select(names: readonly string[]): readonly OutputTarget[] | undefined
  /** Whether a path at or below an output is declared; undefined: all are. */
  readonly wants: ((absolutePath: string) => boolean) | undefined
  /** Whether something that is there, and that an entry does not have, stays there. */
  keeps(absolutePath: string): boolean
}

export interface SaveRequest {
  readonly task: TaskName
  readonly work: KeyedFingerprint
  /** Paths on disk, or one output held in memory or streamed (the SDK's results). */
  readonly outputs: readonly OutputTarget[] | Uint8Array | AsyncIterable<Uint8Array>
  /** The encoded log (see model/recorded-log.ts); undefined when nothing was recorded. */
  readonly log?: Uint8Array | undefined
  /** The encoded notes (see model/notes.ts); undefined when nobody kept them. */
  readonly notes?: Uint8Array | undefined
  readonly exitCode: number
  readonly durationMs: number
  readonly origin: Origin
  readonly policy: ResolvedPolicy
  /** Whether what is there under the key gives way; it stays when it is the same. */
  readonly replaces?: boolean | undefined
  /** Whose name an archive has that is sent in the place of the entry; the outputs are paths on disk then. */
  readonly archive?: ArchiveQuery | undefined
  /** Asked when all is stored and nothing is published: whether it still is to be. What it throws is thrown. */
  readonly mayPublish?: (() => Promise<boolean>) | undefined
}

export interface SavedEntry {
  readonly kind: 'saved'
  readonly key: TaskKey
  /** Raw bytes of the outputs. */
  readonly sizeBytes: number
  readonly fileCount: number
  /** Bytes that this save added to the store. */
  readonly storedBytes: number
  /** The key was there with exactly these outputs. */
  readonly wasKnown: boolean
  /** Of what was to be replaced: it was the same, and so nothing was saved. */
  readonly isUnchanged?: boolean
  /** What became of it at the remote store; absent without one. */
  readonly remote?: Pushed
}

export interface SkippedSave {
  readonly kind: 'skipped'
  readonly because: 'too-large' | 'read-only' | 'withdrawn'
  readonly sizeBytes: number
}

/** No usable entry. `reasons` is empty only when the caller gave no fingerprint to compare. */
export interface Miss {
  readonly kind: 'miss'
  readonly reasons: readonly ChangeReason[]
}

/** What applying a staged entry did, or would do, to the outputs. */
export interface OutputChanges {
  /**
   * Paths as the caller would write them (declared name, then the path below it), with `/`. No array:
   * `[...written]` makes one.
   */
  readonly written: WrittenPaths
  /** Paths of the same sort. */
  readonly removed: readonly string[]
  readonly unchangedCount: number
}

/**
 * An entry whose every needed byte is on this machine and verified. Nothing of the outputs has been
 * touched yet. Dispose it, applied or not: that removes what was staged.
 */
export interface StagedEntry extends AsyncDisposable {
  readonly kind: 'hit'
  readonly manifest: Manifest
  /** Where its outputs go. */
  readonly targets: readonly OutputTarget[]
  /** The recorded log, verified; undefined when nothing was recorded. */
  readonly log: Uint8Array | undefined
  /** The encoded notes, verified; undefined when nobody kept them. */
  readonly notes: Uint8Array | undefined
  readonly changes: OutputChanges
  /** How many bytes came for it from the remote store; absent when it was on this machine. */
  readonly receivedBytes?: number
  /**
   * Puts the outputs in place by renames.
   * @throws {TaskVaultError} OUTPUT_BLOCKED when something in the way cannot be replaced.
   */
  apply(): Promise<void>
}

/** Which paths belong to a cache: those that are there for a save, and those that a restore may write. */
export interface CacheSelection extends OutputSelection {
  /**
   * What is there now, as few paths as possible.
   * @param under where all of it lies, each path below this directory; in its place unless told.
   * @throws {TaskVaultError} OUTPUT_MISSING when nothing is.
   */
  find(under?: string): readonly OutputTarget[]
  /** `outside`: no line is about this path, nor about what is above it. */
  decide(absolutePath: string): 'wanted' | 'left-out' | 'outside'
}

/** An archive of another action, and whose cache it is. */
export interface Adoption {
  readonly archive: FoundArchive
  readonly task: TaskName
  readonly work: KeyedFingerprint
  readonly policy: ResolvedPolicy
  readonly selection: CacheSelection
}

/** What of an archive was moved to its place, because nothing was there. */
export interface Adopted {
  /** All that is no directory, by names as restores have them. */
  readonly names: readonly string[]
  /** Removes it again. */
  undo(): void
}

export interface RestoreRequest {
  readonly task: TaskName
  readonly work: KeyedFingerprint
  readonly targets: readonly OutputTarget[] | OutputSelection
}

/** A row of the index, as `cache ls` shows it. */
export type EntrySummary = Omit<EntryRow, 'number' | 'isExpired' | 'strategy'>

/** One machine's vault: the local store and what may be done with it. Closed by disposing it. */
export interface Vault extends AsyncDisposable {
  readonly settings: Settings
  readonly algorithm: HashAlgorithm
  /** For maintenance: what works on all entries takes the store itself. */
  readonly store: Store
  readonly statCache: StatCache
  /** Undefined: this machine is all there is. */
  readonly remote: RemoteVault | undefined

  save(request: SaveRequest): Promise<SavedEntry | SkippedSave>

  /**
   * Looks an entry up, verifies all that is needed to put it back, and stages it. Trouble of any
   * sort is a miss, never an exception.
   */
  stage(request: RestoreRequest): Promise<StagedEntry | Miss>

  /** The archive of actions/cache that answers to one of the keys, where the remote store has such. */
  findArchive(query: ArchiveQuery): Promise<FoundArchive | undefined>
  /** Makes an entry of it on this machine; undefined when it is none. What was absent is in its place then. */
  adoptArchive(adoption: Adoption): Promise<Adopted | undefined>

  /**
   * The whole output of an entry saved from memory or a stream, verified; for large ones
   * `openResult` streams.
   */
  readResult(task: TaskName, work: KeyedFingerprint): Promise<Uint8Array | undefined>
  openResult(task: TaskName, work: KeyedFingerprint): Promise<AsyncIterable<Uint8Array> | undefined>

  stats(): StoreStatistics
}
