import { randomBytes, randomInt } from 'node:crypto'
import {
  copyFileSync,
  existsSync,
  linkSync,
  readdirSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { asTaskVaultError, isTaskVaultError } from '../../errors.ts'
import { removeFile } from '../../files/remove-file.ts'
import { syncDirectory } from '../../files/write-atomically.ts'
import { appendAudit } from '../audit/audit-log.ts'
import { findAuditEnd } from '../audit/audit-recovery.ts'
import { writeAuditState } from '../audit/audit-state.ts'
import { listBlobs } from '../blobs/list-blobs.ts'
import type { Database } from '../database/database.ts'
import { indexFiles, isMarkedDamaged } from '../database/index-files.ts'
import type { IndexFiles } from '../database/index-files.ts'
import { openDatabase } from '../database/open-database.ts'
import { ensureTables } from '../database/schema.ts'
import { acquireLock } from '../locks/lock-file.ts'
import type { Store } from '../store.ts'
import { fillIndex } from './fill-index.ts'
import type { FilledIndex } from './fill-index.ts'
import { findRebuildCause } from './rebuild-cause.ts'

type RebuildOptions = Pick<Store, 'cacheDirectory' | 'report' | 'now'>

/**
 * Makes a new index from the blobs and puts it in the place of the one that is there, which is kept
 * aside as `cache.db.corrupt-<time>`. Every entry whose blobs are there is in the new one. `when`:
 * `needed` does nothing if another process was quicker, or if the index is sound after all.
 *
 * One process at a time does this, and nobody opens the index meanwhile: a connection could combine the
 * database of one with the log of the other. Processes that have the old one open go on with it; what
 * they publish, they publish again in the new one.
 * @throws {TaskVaultError} FORMAT_UNSUPPORTED, PERMISSION_DENIED, DISK_FULL, TOO_MANY_OPEN_FILES, …
 */
export async function rebuildIndex(
  options: RebuildOptions,
  when: 'needed' | 'always',
): Promise<FilledIndex | undefined> {
  const files = indexFiles(options.cacheDirectory)
  await using _lock = await acquireLock(files.lock)
  if (when === 'needed' && (await isSound(options, files))) return undefined
  const fresh = `${files.database}.new-${randomBytes(8).toString('hex')}`
  try {
    // From here on publications wait: what was published before has its blobs where they are looked for.
    writeFileSync(files.gate, `${process.pid}\n`)
    using former = await lockFormer(files)
    const cause = findRebuildCause(files.database, former)
    const filled = await writeFreshIndex(options, fresh)
    // Windows replaces no file that is open.
    if (process.platform === 'win32') former?.[Symbol.dispose]()
    replaceIndex(files, fresh, options.now())
    options.report({ kind: 'rebuilt', entries: filled.entries, cause })
    return filled
  } catch (error) {
    throw asTaskVaultError(error, `rebuild ${files.database}`)
  } finally {
    removeFile(files.gate)
    for (const suffix of SUFFIXES) removeFile(fresh + suffix)
  }
}

/** The database itself, its write-ahead log, and the log's index. */
const SUFFIXES = ['', '-wal', '-shm']

/**
 * Keeps those who have the former index open from writing to it, and to the audit log, until it is
 * replaced; they notice when they get its lock. An index too damaged to be locked cannot be written to.
 */
async function lockFormer(files: IndexFiles): Promise<Database | undefined> {
  if (!existsSync(files.database)) return undefined
  let former: Database | undefined
  try {
    former = await openDatabase(files.database)
    former.exec('BEGIN IMMEDIATE')
    return former
  } catch (error) {
    former?.[Symbol.dispose]()
    if (isTaskVaultError(error, 'DATABASE_CORRUPT', 'DATABASE_BUSY')) return undefined
    throw error
  }
}

/** Whether the index can be used: another process may have rebuilt it while this one waited. */
async function isSound({ cacheDirectory }: RebuildOptions, files: IndexFiles): Promise<boolean> {
  if (existsSync(files.gate) || isMarkedDamaged(files)) return false
  const sizeBytes = statSync(files.database, { throwIfNoEntry: false })?.size ?? 0
  if (sizeBytes === 0) return listBlobs(cacheDirectory).length === 0
  try {
    using database = await openDatabase(files.database)
    ensureTables(database)
    return true
  } catch (error) {
    if (isTaskVaultError(error, 'DATABASE_CORRUPT')) return false
    throw error
  }
}

async function writeFreshIndex(options: RebuildOptions, fresh: string): Promise<FilledIndex> {
  using database = await openDatabase(fresh)
  ensureTables(database)
  numberFrom(database, options.now())
  const filled = await fillIndex({ ...options, database })
  database.transaction('durable', () => {
    writeAuditState(database, findAuditEnd(options.cacheDirectory))
    const fields = { entries: filled.entries, lost: filled.lost }
    appendAudit({ ...options, database }, { kind: 'ERROR', operation: 'index_rebuilt', fields })
  })
  // All of it in one file: the log would not follow when that is renamed.
  database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()
  return filled
}

/**
 * Numbers of entries and blobs go on far from where they were: other processes remember some, and none
 * may come to mean another entry or blob.
 */
function numberFrom(database: Database, nowMs: number): void {
  const first = Math.floor(nowMs) * 1_000 + randomInt(1_000)
  const insert = database.prepare('INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)')
  database.transaction('relaxed', () => {
    for (const table of ['cache_entries', 'blobs']) insert.run(table, first)
  })
}

/** There is an index at every moment: whoever found none would begin an empty one. */
function replaceIndex(files: IndexFiles, fresh: string, nowMs: number): void {
  const stamp = new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, '')
  const aside = `${files.database}.corrupt-${stamp}-${randomBytes(2).toString('hex')}`
  if (existsSync(files.database)) linkOrCopy(files.database, aside)
  for (const suffix of SUFFIXES.slice(1)) {
    if (existsSync(files.database + suffix)) renameSync(files.database + suffix, aside + suffix)
  }
  renameSync(fresh, files.database)
  syncDirectory(join(files.database, '..'))
  removeFile(files.damageMark)
  removeOldest(files.database)
}

function linkOrCopy(file: string, to: string): void {
  try {
    linkSync(file, to)
  } catch {
    copyFileSync(file, to)
  }
}

const KEPT_ASIDE = 3

function removeOldest(database: string): void {
  const directory = join(database, '..')
  const start = `${basename(database)}.corrupt-`
  const names = readdirSync(directory).filter((name) => name.startsWith(start))
  const kept = [...new Set(names.map((name) => name.replace(/-(wal|shm)$/, '')))]
    .toSorted()
    .slice(-KEPT_ASIDE)
  for (const name of names) {
    if (!kept.includes(name.replace(/-(wal|shm)$/, ''))) removeFile(join(directory, name))
  }
}
