import { accessSync, constants, existsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { asTaskVaultError, isTaskVaultError } from '../errors.ts'
import { ensureDirectory } from '../files/ensure-directory.ts'
import { keepOutOfGit } from '../files/keep-out-of-git.ts'
import { blobsDirectory } from './blobs/blob-path.ts'
import { listBlobs } from './blobs/list-blobs.ts'
import type { Database } from './database/database.ts'
import { indexFiles, isMarkedDamaged, markDamaged } from './database/index-files.ts'
import type { IndexFiles } from './database/index-files.ts'
import { openDatabase } from './database/open-database.ts'
import { openReadOnlyDatabase } from './database/open-read-only.ts'
import { ensureTables } from './database/schema.ts'
import { settleClock } from './database/settle-clock.ts'
import { limitLog, logBytes } from './database/write-ahead-log.ts'
import { afterUses, openUseLog } from './entries/open-use-log.ts'
import { clearDeadSessions, createSessionId } from './locks/sessions.ts'
import { rebuildIndex } from './repair/rebuild-index.ts'
import { reportTrouble } from './report-trouble.ts'
import type { Store } from './store.ts'

export interface StoreOptions extends Pick<
  Store,
  'cacheDirectory' | 'algorithm' | 'report' | 'now'
> {
  /** The process ends after the store is closed, so that its database may be left open. */
  readonly endsProcess?: boolean
}

/**
 * Opens the store in a directory, and creates it when it is not there. An index that is damaged or
 * lost is rebuilt from the blobs; a store that cannot be written to is opened for reading.
 * @throws {TaskVaultError} FORMAT_UNSUPPORTED when a later version wrote it; PERMISSION_DENIED,
 * DISK_FULL, TOO_MANY_OPEN_FILES, DATABASE_BUSY, DATABASE_UNAVAILABLE.
 */
export async function openStore(options: StoreOptions): Promise<Store & Disposable> {
  const files = indexFiles(options.cacheDirectory)
  const isWritable = prepareDirectory(options.cacheDirectory)
  const opened = isWritable ? await openSound(options, files) : await openForReading(files)
  const { endsProcess = false, ...rest } = options
  const uses = openUseLog({ ...rest, database: opened })
  const database = afterUses(opened, uses)
  const store = { ...rest, database, uses, sessionId: createSessionId() }
  if (!database.isReadOnly) tidy(store)
  return {
    ...store,
    [Symbol.dispose]() {
      uses.flush()
      // One that is only read may be a copy, which goes when it is closed.
      if (endsProcess && !database.isReadOnly && isShort(store)) return
      limitLog(store)
      database[Symbol.dispose]()
    },
  }
}

/**
 * The last one to close a database writes its log into it and removes it, which waits for the disk
 * several times. The next one to open a short log reads it in less time than that.
 */
const SHORT_LOG_BYTES = 256 * 1024

function isShort(store: Store): boolean {
  return logBytes(store) <= SHORT_LOG_BYTES
}

/** What is worth doing once for each process. A database that is busy or full is no reason not to open. */
function tidy(store: Store): void {
  try {
    settleClock(store)
    clearDeadSessions(store)
    limitLog(store)
  } catch (error) {
    reportTrouble(store, error)
  }
}

const CACHE_TAG = `Signature: 8a477f597d28d172789f06886806bc55
# This directory is a cache made by TaskVault. For what this file means: https://bford.info/cachedir/
`

/** @returns whether the store can be written to. */
function prepareDirectory(cacheDirectory: string): boolean {
  try {
    if (!existsSync(blobsDirectory(cacheDirectory))) {
      ensureDirectory(blobsDirectory(cacheDirectory))
      keepOutOfGit(cacheDirectory)
      const tag = join(cacheDirectory, 'CACHEDIR.TAG')
      if (!existsSync(tag)) writeFileSync(tag, CACHE_TAG)
    }
    accessSync(cacheDirectory, constants.W_OK)
    const { database } = indexFiles(cacheDirectory)
    if (existsSync(database)) accessSync(database, constants.W_OK)
    return true
  } catch (error) {
    const failure = asTaskVaultError(error, `create the cache directory ${cacheDirectory}`)
    const canBeRead = existsSync(indexFiles(cacheDirectory).database)
    if (failure.code === 'PERMISSION_DENIED' && canBeRead) return false
    throw failure
  }
}

async function openSound(options: StoreOptions, files: IndexFiles): Promise<Database> {
  if (isLost(options, files) || isMarkedDamaged(files) || existsSync(files.gate)) {
    await rebuildIndex(options, 'needed')
  }
  try {
    return await openChecked(files)
  } catch (error) {
    if (isTaskVaultError(error, 'PERMISSION_DENIED')) return await openForReading(files)
    if (!isTaskVaultError(error, 'DATABASE_CORRUPT')) throw error
    await rebuildIndex(options, 'needed')
    return await openChecked(files)
  }
}

/** Opens the index and looks at the first page of every table; all of it is read by `verifyStore`. */
async function openChecked(files: IndexFiles): Promise<Database> {
  const onCorrupt = (): void => markDamaged(files)
  const database = await openDatabase(files.database, { gate: files.gate, onCorrupt })
  try {
    ensureTables(database)
    return database
  } catch (error) {
    if (isTaskVaultError(error, 'DATABASE_CORRUPT')) onCorrupt()
    database[Symbol.dispose]()
    throw error
  }
}

async function openForReading(files: IndexFiles): Promise<Database> {
  const database = await openReadOnlyDatabase(files.database)
  try {
    ensureTables(database)
    return database
  } catch (error) {
    database[Symbol.dispose]()
    throw error
  }
}

/** Whether there are blobs, and no index that could know them. */
function isLost({ cacheDirectory }: StoreOptions, files: IndexFiles): boolean {
  const sizeBytes = statSync(files.database, { throwIfNoEntry: false })?.size ?? 0
  return sizeBytes === 0 && listBlobs(cacheDirectory).length > 0
}
