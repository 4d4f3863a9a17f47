import { TaskVaultError } from '../../errors.ts'
import { isDigest } from '../../model/digest.ts'
import type { Digest, TaskKey } from '../../model/digest.ts'
import type { Origin } from '../../model/manifest.ts'
import type { EvictionStrategy } from '../../model/policy.ts'
import { EVICTION_STRATEGIES } from '../../model/policy.ts'
import type { TaskName } from '../../model/task.ts'
import type { Row } from '../database/database.ts'
import { settleClock } from '../database/settle-clock.ts'
import type { Store } from '../store.ts'
import { parseEntryMetadata } from './entry-metadata.ts'

/** A row of the index. */
export interface EntryRow {
  /** Id of the row: never reused, and larger for later publications. */
  readonly number: number
  readonly task: TaskName
  readonly key: TaskKey
  readonly scope: string
  readonly createdAtMs: number
  readonly accessedAtMs: number
  readonly expiresAtMs: number | undefined
  /** Whether it had expired when it was looked up. */
  readonly isExpired: boolean
  readonly sizeBytes: number
  readonly fileCount: number
  readonly hits: number
  readonly exitCode: number
  readonly durationMs: number
  readonly origin: Origin
  readonly strategy: EvictionStrategy
  /** The manifest's blob. */
  readonly blob: Digest
}

export interface EntryQuery {
  readonly scope: string
  readonly key: TaskKey
}

/**
 * The entry of a key, expired or not; undefined when there is none.
 * @throws {TaskVaultError} DATABASE_CORRUPT when the row contradicts itself, and as the database does.
 */
export function findEntry(store: Store, { scope, key }: EntryQuery): EntryRow | undefined {
  const select = store.database.prepare('SELECT * FROM cache_entries WHERE hash = ? AND scope = ?')
  const row = select.get(key, scope)
  if (row === undefined) return undefined
  // An index that leads to another row is damaged.
  if (row['hash'] !== key || row['scope'] !== scope)
    throw damaged(`a look-up of ${key} found another key`)
  if (Number(row['created_at']) <= store.now() || store.database.isReadOnly)
    return toEntry(store, row)
  settleClock(store)
  const settled = select.get(key, scope)
  return settled === undefined ? undefined : toEntry(store, settled)
}

/** Of so many entries that were used last, whatever their tasks, those of one task are found. */
const EXAMINED_USES = 200

/** The entries of a task that were used or published last, the last one first, if that is not long ago. */
export function findRecentEntries(store: Store, task: TaskName, limit: number): EntryRow[] {
  // The plus keeps SQLite from going through all entries of the task instead.
  const rows = store.database
    .prepare(
      `SELECT * FROM cache_entries WHERE number IN (
         SELECT number FROM cache_entries ORDER BY accessed_at DESC LIMIT ${EXAMINED_USES}
       ) AND +task = ? ORDER BY accessed_at DESC LIMIT ?`,
    )
    .all(task, limit)
  return rows.map((row) => toEntry(store, row))
}

export interface EntryListing {
  readonly task?: TaskName
  /** A prefix of task names, instead of `task`. */
  readonly taskPrefix?: string
  readonly limit?: number
  /** Goes on after the entry with this number. */
  readonly after?: number
}

/** Lists entries, latest publication first. The cost depends on how many are listed, not on how many there are. */
export function listEntries(store: Store, listing: EntryListing = {}): EntryRow[] {
  const { limit = -1, after = Number.MAX_SAFE_INTEGER } = listing
  const { condition, values } = conditionOf(listing)
  const rows = store.database
    .prepare(
      `SELECT * FROM cache_entries WHERE ${condition} number < ? ORDER BY number DESC LIMIT ?`,
    )
    .all(...values, after, limit)
  return rows.map((row) => toEntry(store, row))
}

function conditionOf({ task, taskPrefix }: EntryListing) {
  if (task !== undefined) return { condition: 'task = ? AND', values: [task] }
  if (taskPrefix === undefined) return { condition: '', values: [] }
  // Above every name that begins so: no name holds this character.
  const end = `${taskPrefix}\u{10FFFF}`
  return { condition: 'task >= ? AND task < ? AND', values: [taskPrefix, end] }
}

/** Finds entries whose key begins with `prefix` (lowercase hexadecimal), in key order. */
export function findEntriesByPrefix(store: Store, prefix: string, limit: number): EntryRow[] {
  const select = store.database.prepare(
    'SELECT * FROM cache_entries WHERE hash >= ? AND hash < ? ORDER BY hash LIMIT ?',
  )
  // 'g' is the first letter after those of hexadecimal.
  return select.all(prefix, `${prefix}g`, limit).map((row) => toEntry(store, row))
}

function toEntry(store: Store, row: Row): EntryRow {
  const nowMs = store.now()
  const expiresAtMs = row['expires_at'] === null ? undefined : Number(row['expires_at'])
  const strategy = EVICTION_STRATEGIES.find((name) => name === row['strategy'])
  const blob = String(row['blob_path']).replace(/^blobs\//, '')
  const key = String(row['hash'])
  if (!isDigest(blob) || !isDigest(key) || strategy === undefined)
    throw damaged(`entry ${key} is malformed`)
  return {
    number: Number(row['number']),
    // Checked when it was written; a damaged one differs from the manifest, and is found there.
    task: String(row['task']) as TaskName,
    key,
    scope: String(row['scope']),
    createdAtMs: Number(row['created_at']),
    // Uses are numbered on when the clock is set back; nobody used anything in the future.
    accessedAtMs: Math.min(Number(row['accessed_at']), nowMs),
    expiresAtMs,
    isExpired: expiresAtMs !== undefined && !(nowMs < expiresAtMs),
    sizeBytes: Number(row['size']),
    hits: Number(row['hits']),
    strategy,
    blob,
    ...parseEntryMetadata(String(row['metadata'])),
  }
}

function damaged(detail: string): TaskVaultError {
  return new TaskVaultError('DATABASE_CORRUPT', `The index is damaged: ${detail}`, {
    hint: 'Run `taskvault doctor --repair`; entries are recovered from their blobs.',
  })
}
