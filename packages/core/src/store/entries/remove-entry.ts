import { systemErrorCode } from '../../errors.ts'
import { removeFile } from '../../files/remove-file.ts'
import type { AuditEvent } from '../../model/audit-line.ts'
import type { TaskKey } from '../../model/digest.ts'
import { digestFromBytes } from '../../model/digest.ts'
import type { TaskName } from '../../model/task.ts'
import { appendAudit } from '../audit/audit-log.ts'
import { blobPath } from '../blobs/blob-path.ts'
import type { Store } from '../store.ts'

/** What became of an entry. */
export interface RemovedEntry {
  readonly task: TaskName
  readonly key: TaskKey
  /** Bytes on disk that nobody needs any more. */
  readonly freedBytes: number
}

/**
 * Removes an entry and every blob that only it needed. `because` is one word for the audit log.
 * @returns undefined when the entry no longer exists.
 */
export function removeEntry(
  store: Store,
  number: number,
  because: string,
): RemovedEntry | undefined {
  const audit = { kind: 'INVALIDATE', operation: because } as const
  return store.database.transaction('durable', () => removeWithin(store, number, audit))
}

/** The same inside a transaction. */
export function removeWithin(
  store: Store,
  number: number,
  audit: Pick<AuditEvent, 'kind' | 'operation' | 'fields'>,
): RemovedEntry | undefined {
  const { database } = store
  const row = database.prepare('SELECT task, hash FROM cache_entries WHERE number = ?').get(number)
  if (row === undefined) return undefined
  const blobs = database.prepare(OWN_BLOBS).all(number)
  // Files first: a crash in between leaves an entry that is a miss, and not a file that a rebuild of
  // the index would take for an entry again.
  const removed = blobs.filter((blob) => removeBlobFile(store, blob['digest']))
  database.prepare('DELETE FROM cache_entries WHERE number = ?').run(number)
  let freedBytes = 0
  for (const blob of removed) {
    database.prepare('DELETE FROM blobs WHERE number = ?').run(Number(blob['number']))
    freedBytes += Number(blob['size'])
  }
  const task = String(row['task']) as TaskName
  const key = String(row['hash']) as TaskKey
  appendAudit(store, { ...audit, task, key, fields: { freed: freedBytes, ...audit.fields } })
  return { task, key, freedBytes }
}

/** Asks the table itself: a counter that is wrong must not cost another entry its blob. */
const OWN_BLOBS = `
SELECT b.number, b.digest, b.size FROM entry_blobs AS own JOIN blobs AS b ON b.number = own.blob
WHERE own.entry = ?
AND NOT EXISTS (SELECT 1 FROM entry_blobs AS other WHERE other.blob = own.blob AND other.entry <> own.entry)`

/**
 * Removes the file of a blob; must run inside a transaction.
 * @returns false when something keeps it open where open files cannot be removed; collection tries again.
 */
export function removeBlobFile(store: Store, digest: unknown): boolean {
  if (!(digest instanceof Uint8Array)) return true
  const path = blobPath(store.cacheDirectory, digestFromBytes(digest))
  try {
    removeFile(path)
    return true
  } catch (error) {
    const { cause } = error as Error
    if (process.platform === 'win32' && OPEN_FILE_CODES.includes(systemErrorCode(cause) ?? ''))
      return false
    throw error
  }
}

const OPEN_FILE_CODES = ['EPERM', 'EBUSY', 'EACCES']
