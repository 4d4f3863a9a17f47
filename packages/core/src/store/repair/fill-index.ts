import { statSync } from 'node:fs'
import { isTaskVaultError } from '../../errors.ts'
import { removeFile } from '../../files/remove-file.ts'
import { digestToBytes, isDigest } from '../../model/digest.ts'
import type { Digest } from '../../model/digest.ts'
import type { Manifest } from '../../model/manifest.ts'
import { blobPath } from '../blobs/blob-path.ts'
import { addContents } from '../blobs/contents.ts'
import { listBlobs } from '../blobs/list-blobs.ts'
import { openBlob, readManifest } from '../blobs/pack-reader.ts'
import { listReceived } from '../blobs/received-packs.ts'
import { insertEntry } from '../entries/insert-entry.ts'
import type { Store } from '../store.ts'
import { moveToQuarantine } from './move-to-quarantine.ts'

export interface FilledIndex {
  readonly entries: number
  /** Manifests that were damaged, or whose packs are gone or damaged. */
  readonly lost: number
}

type FillOptions = Pick<Store, 'cacheDirectory' | 'database' | 'report' | 'now'>

/**
 * Fills an empty index from the blobs. Every manifest is verified as a whole; of packs only the index
 * is read, because their contents are verified whenever they are restored. Damaged blobs are moved to
 * quarantine. What only the old index knew is lost: uses, strategies (all become `lru`), the sums.
 */
export async function fillIndex(options: FillOptions): Promise<FilledIndex> {
  const names = listBlobs(options.cacheDirectory).filter(isDigest)
  const unchecked = new Set(listReceived(options))
  const found: FoundManifest[] = []
  let lost = 0
  for (const [done, digest] of names.entries()) {
    const blob = await readBlob(options, { digest, unchecked })
    if (blob === 'damaged') lost += 1
    if (typeof blob === 'object') {
      register(options, blob)
      if (blob.manifest !== undefined) found.push({ ...blob, manifest: blob.manifest })
    }
    if (done % 256 === 0) {
      options.report({
        kind: 'progress',
        phase: 'verifying',
        done,
        total: names.length,
        unit: 'files',
      })
    }
  }
  const newest = dropReplaced(options, found)
  const { database } = options
  const entries = database.transaction(
    'relaxed',
    () => newest.filter((one) => adopt(options, one)).length,
  )
  return { entries, lost: lost + newest.length - entries }
}

interface FoundBlob {
  readonly digest: Digest
  readonly sizeBytes: number
  readonly modifiedAtMs: number
  readonly contents: readonly Buffer[]
  /** Without its outputs, which the index does not hold. */
  readonly manifest: Manifest | undefined
}

type FoundManifest = FoundBlob & { readonly manifest: Manifest }

async function readBlob(
  { cacheDirectory }: FillOptions,
  { digest, unchecked }: { readonly digest: Digest; readonly unchecked: ReadonlySet<Digest> },
): Promise<FoundBlob | 'damaged' | 'unknown'> {
  const path = blobPath(cacheDirectory, digest)
  try {
    using blob = await openBlob(path)
    const { mtimeMs } = statSync(path)
    const start = { digest, sizeBytes: blob.sizeBytes, modifiedAtMs: Math.floor(mtimeMs) }
    if (blob.header.kind === 'pack') {
      const contents = unchecked.has(digest) ? [] : blob.listDigests()
      return { ...start, contents, manifest: undefined }
    }
    blob.verifyFile(digest)
    return { ...start, contents: [], manifest: { ...readManifest(blob), outputs: [] } }
  } catch (error) {
    // A later version's; or gone since it was listed.
    if (isTaskVaultError(error, 'FORMAT_UNSUPPORTED', 'HASH_ALGORITHM_UNKNOWN', 'BLOB_MISSING'))
      return 'unknown'
    if (!isTaskVaultError(error, 'BLOB_CORRUPT', 'ENTRY_DAMAGED', 'TASK_NAME_INVALID')) throw error
    moveToQuarantine(cacheDirectory, digest)
    return 'damaged'
  }
}

function register({ database }: FillOptions, blob: FoundBlob): void {
  const addBlob = database.prepare('INSERT INTO blobs (digest, size, created_at) VALUES (?, ?, ?)')
  database.transaction('relaxed', () => {
    const { lastInsertRowid } = addBlob.run(
      digestToBytes(blob.digest),
      blob.sizeBytes,
      blob.modifiedAtMs,
    )
    addContents(database, lastInsertRowid, blob.contents)
  })
}

/**
 * Of several manifests for one key, the last one counts. The others were replaced, and their removal
 * was cut off: it is finished here, lest one of them come back when the last one goes.
 */
function dropReplaced(
  { database, cacheDirectory }: FillOptions,
  found: readonly FoundManifest[],
): readonly FoundManifest[] {
  const newest = new Map<string, FoundManifest>()
  const inOrder = found.toSorted(
    (left, right) =>
      left.manifest.createdAtMs - right.manifest.createdAtMs ||
      (left.digest < right.digest ? -1 : 1),
  )
  for (const one of inOrder) {
    const name = `${one.manifest.scope}\0${one.manifest.key}`
    const replaced = newest.get(name)
    newest.delete(name)
    newest.set(name, one)
    if (replaced === undefined) continue
    removeFile(blobPath(cacheDirectory, replaced.digest))
    const remove = database.prepare('DELETE FROM blobs WHERE digest = ?')
    database.transaction('relaxed', () => void remove.run(digestToBytes(replaced.digest)))
  }
  return [...newest.values()]
}

/** Enters the entry that a manifest describes, if every pack of it is there. */
function adopt({ database }: FillOptions, { digest, sizeBytes, manifest }: FoundManifest): boolean {
  const find = database.prepare('SELECT number FROM blobs WHERE digest = ?')
  const rows = manifest.blobs.map((blob) => find.get(digestToBytes(blob)))
  if (rows.includes(undefined)) return false
  insertEntry(database, {
    manifest,
    manifestBlob: { digest, sizeBytes },
    blobNumbers: rows.map((row) => Number(row?.['number'])),
    strategy: 'lru',
    createdAtMs: manifest.createdAtMs,
    expiresAtMs: manifest.expiresAtMs,
  })
  return true
}
