import { lstatSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { asTaskVaultError, isTaskVaultError, systemErrorCode } from '../../errors.ts'
import { removeFile } from '../../files/remove-file.ts'
import { digestFromBytes, isDigest } from '../../model/digest.ts'
import { blobPath, blobsDirectory } from '../blobs/blob-path.ts'
import { dropDamagedBlob } from '../blobs/damaged-blob.ts'
import { isIndexed } from '../blobs/indexed-blob.ts'
import { listBlobs } from '../blobs/list-blobs.ts'
import { limitLog } from '../database/write-ahead-log.ts'
import { adoptManifest } from '../entries/adopt-manifest.ts'
import { clearDeadSessions } from '../locks/sessions.ts'
import { quarantineDirectory } from '../repair/move-to-quarantine.ts'
import { forgetListings } from '../stat-cache/stat-pages.ts'
import type { Store } from '../store.ts'
import { collectReceivedNotes } from './collect-received-notes.ts'
import { GRACE_MS, collectUnreferenced } from './collect-unreferenced.ts'

export interface Collection {
  /** Removed blobs that no entry needed. */
  readonly blobs: number
  /** Removed files: left over from killed saves, or old ones in quarantine. */
  readonly files: number
  readonly freedBytes: number
  /** Removed entries whose blobs are gone. */
  readonly lostEntries: number
  /** Entries brought back that the index had lost. */
  readonly adoptedEntries: number
}

/** How long quarantine keeps what may be evidence. */
const QUARANTINE_MS = 30 * 24 * 60 * 60 * 1000

/**
 * Removes what is not needed, and rows whose files are gone. Anything younger than an hour stays, because it may belong to
 * a save in progress. Entries are removed only if they cannot be restored.
 * @throws {TaskVaultError} PERMISSION_DENIED when the store is read-only; also what the database throws.
 */
export async function collectGarbage(store: Store): Promise<Collection> {
  clearDeadSessions(store)
  const unreferenced = collectUnreferenced(store)
  const names = listBlobs(store.cacheDirectory)
  const lostEntries = dropMissing(store, new Set(names))
  const leftOver = await collectFiles(store, names)
  const quarantined = collectQuarantine(store)
  collectReceivedNotes(store)
  // Work trees come and go.
  forgetListings(store.database, (directory) => !isDirectory(directory))
  limitLog(store, 0)
  return {
    blobs: unreferenced.blobs,
    files: leftOver.files + quarantined.files,
    freedBytes: unreferenced.freedBytes + leftOver.freedBytes + quarantined.freedBytes,
    lostEntries,
    adoptedEntries: leftOver.adopted,
  }
}

const PAGE = 1_000

/** Rows whose file is gone: a crash between the removal of the two, or somebody removed the file. */
function dropMissing(store: Store, names: ReadonlySet<string>): number {
  const select = store.database.prepare(
    'SELECT number, digest FROM blobs WHERE number > ? ORDER BY number LIMIT ?',
  )
  let [entries, after] = [0, -1]
  for (;;) {
    const rows = select.all(after, PAGE)
    for (const row of rows) {
      const digest =
        row['digest'] instanceof Uint8Array ? digestFromBytes(row['digest']) : undefined
      // Listed before: it may have been written since.
      if (
        digest === undefined ||
        names.has(digest) ||
        sizeOf(blobPath(store.cacheDirectory, digest)) !== undefined
      )
        continue
      entries += dropDamagedBlob(store, digest)
    }
    after = Number(rows.at(-1)?.['number'] ?? after)
    if (rows.length < PAGE) return entries
  }
}

interface LeftOver {
  readonly files: number
  readonly freedBytes: number
  readonly adopted: number
}

async function collectFiles(store: Store, names: readonly string[]): Promise<LeftOver> {
  let [files, freedBytes, adopted] = [0, 0, 0]
  for (const [done, name] of names.entries()) {
    if (done % 1024 === 0) {
      store.report({
        kind: 'progress',
        phase: 'collecting',
        done,
        total: names.length,
        unit: 'files',
      })
    }
    const isBlob = isDigest(name)
    if (!isBlob && !isTemporary(name)) continue
    if (isBlob && isIndexed(store, name)) continue
    if (!isLeftOver(store, join(blobsDirectory(store.cacheDirectory), name))) continue
    if (isBlob && (await adoptManifest(store, name))) {
      adopted += 1
      continue
    }
    const bytes = removeUnregistered(store, name)
    files += bytes === undefined ? 0 : 1
    freedBytes += bytes ?? 0
  }
  return { files, freedBytes, adopted }
}

/**
 * Names that `temporaryBlobPath` and `temporaryPathOf` give to files that are not complete yet, the latter once
 * with 16 digits; anything else is not ours to remove.
 */
function isTemporary(name: string): boolean {
  return /^\.tmp-[0-9a-z]+$/.test(name) || /^\.[0-9a-f]+\.[0-9a-z]{16,20}\.tmp$/.test(name)
}

/** Under the write lock: a save that registers a blob does so under it too. */
function removeUnregistered(store: Store, name: string): number | undefined {
  const path = join(blobsDirectory(store.cacheDirectory), name)
  return store.database.transaction('relaxed', () => {
    if (isDigest(name) && isIndexed(store, name)) return undefined
    if (!isLeftOver(store, path)) return undefined
    return freeFile(path)
  })
}

/** Older than saves take; or from the future, which is before the clock was set back. */
function isLeftOver(store: Store, path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false })
  return found !== undefined && Math.abs(store.now() - found.mtimeMs) > GRACE_MS
}

function sizeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.size
}

/** @returns its bytes; undefined when it was not there, or is open where open files cannot be removed. */
function freeFile(path: string): number | undefined {
  const sizeBytes = sizeOf(path)
  try {
    removeFile(path)
    return sizeBytes
  } catch (error) {
    if (process.platform === 'win32' && isTaskVaultError(error)) return undefined
    throw error
  }
}

function collectQuarantine(store: Store): { files: number; freedBytes: number } {
  const directory = quarantineDirectory(store.cacheDirectory)
  let [files, freedBytes] = [0, 0]
  for (const name of listDirectory(directory)) {
    const path = join(directory, name)
    const found = lstatSync(path, { throwIfNoEntry: false })
    // Its change time is when it was moved here.
    if (found === undefined || store.now() - found.ctimeMs < QUARANTINE_MS) continue
    freedBytes += freeFile(path) ?? 0
    files += 1
  }
  return { files, freedBytes }
}

function listDirectory(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return []
    throw asTaskVaultError(error, `list ${directory}`)
  }
}

function isDirectory(path: string): boolean {
  try {
    return lstatSync(path).isDirectory()
  } catch {
    // Whatever keeps us from looking: what is forgotten is only read again.
    return false
  }
}
