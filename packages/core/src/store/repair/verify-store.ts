import { statSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { isTaskVaultError } from '../../errors.ts'
import type { Digest } from '../../model/digest.ts'
import { digestFromBytes, digestToBytes, isDigest } from '../../model/digest.ts'
import { blobPath } from '../blobs/blob-path.ts'
import { listBlobs } from '../blobs/list-blobs.ts'
import { repairBlob, verifyBlob } from '../blobs/verify-blob.ts'
import { adoptManifest } from '../entries/adopt-manifest.ts'
import { GRACE_MS } from '../removal/collect-unreferenced.ts'
import type { Store } from '../store.ts'
import type { Finding } from './findings.ts'
import { rebuildStore } from './rebuild-store.ts'
import { repairCounters, verifyCounters, verifyIndex } from './verify-index.ts'

export interface VerifyOptions {
  /** Whether to mend what can be mended, and to drop the rest so that it is stored again. */
  readonly repair?: boolean
  /** Only part number `n` (from 1) of `of` parts of the blobs; all parts together are everything. */
  readonly subset?: { readonly n: number; readonly of: number }
}

export interface StoreVerification {
  /** Empty when nothing is wrong. */
  readonly findings: readonly Finding[]
  readonly blobs: number
  readonly bytes: number
  /** Entries that were brought back, by a rebuild of the index or one by one. */
  readonly restoredEntries: number
}

/**
 * Checks the index and its consistency, then reads every blob: its digest, its contents, and what the index says about
 * it. Also looks for files that the index does not know.
 * @throws {TaskVaultError} when something cannot be read for a reason other than damage.
 */
export async function verifyStore(
  store: Store,
  options: VerifyOptions = {},
): Promise<StoreVerification> {
  const damaged = verifyIndex(store)
  if (damaged.length > 0) return await withoutIndex(store, options, damaged)
  try {
    return await verifyContents(store, options)
  } catch (error) {
    // SQLite's own check does not see a name that is misspelt by now: what uses it does.
    if (!isTaskVaultError(error, 'DATABASE_CORRUPT')) throw error
    return await withoutIndex(store, options, [{ kind: 'index-damaged', detail: error.message }])
  }
}

/** An index that cannot be trusted says nothing about blobs: it is rebuilt before they are looked at. */
async function withoutIndex(
  store: Store,
  options: VerifyOptions,
  findings: readonly Finding[],
): Promise<StoreVerification> {
  if (options.repair !== true) return { findings, blobs: 0, bytes: 0, restoredEntries: 0 }
  const { entries } = await rebuildStore(store)
  const verified = await verifyContents(store, options)
  return {
    ...verified,
    findings: [...findings, ...verified.findings],
    restoredEntries: entries + verified.restoredEntries,
  }
}

async function verifyContents(store: Store, options: VerifyOptions): Promise<StoreVerification> {
  const { adopted, ...checked } = await verifyBlobs(store, options)
  const files = await verifyFiles(store, options)
  const counters = verifyCounters(store)
  if (options.repair === true && counters.length > 0) repairCounters(store)
  return {
    ...checked,
    findings: [...checked.findings, ...files.findings, ...counters],
    restoredEntries: files.adopted + adopted,
  }
}

const PAGE = 500

async function verifyBlobs(
  store: Store,
  { repair = false, subset }: VerifyOptions,
): Promise<{ findings: Finding[]; blobs: number; bytes: number; adopted: number }> {
  const total = Number(
    store.database.prepare('SELECT stored_bytes FROM totals WHERE id = 1').get()?.['stored_bytes'],
  )
  const select = store.database.prepare(
    'SELECT number, digest, size FROM blobs WHERE number > ? ORDER BY number LIMIT ?',
  )
  const findings: Finding[] = []
  let [blobs, bytes, adopted, after] = [0, 0, 0, -1]
  for (;;) {
    const rows = select.all(after, PAGE)
    for (const row of rows) {
      const digest = digestFromBytes(
        row['digest'] instanceof Uint8Array ? row['digest'] : new Uint8Array(),
      )
      if (!isInSubset(digest, subset)) continue
      // Reading is synchronous: without a pause, Ctrl-C would not be heard before the end.
      await setImmediate()
      const found = await verifyBlob(store, {
        number: Number(row['number']),
        digest,
        sizeBytes: Number(row['size']),
      })
      if (found !== undefined) findings.push(found)
      if (found !== undefined && repair && (await repairBlob(store, found))) adopted += 1
      blobs += 1
      bytes += Number(row['size'])
      store.report({ kind: 'progress', phase: 'verifying', done: bytes, total, unit: 'bytes' })
    }
    after = Number(rows.at(-1)?.['number'] ?? after)
    if (rows.length < PAGE) return { findings, blobs, bytes, adopted }
  }
}

/** By the digest itself, so that each blob is in the same part every time. */
function isInSubset(digest: Digest, subset: VerifyOptions['subset']): boolean {
  return (
    subset === undefined || Number.parseInt(digest.slice(0, 8), 16) % subset.of === subset.n - 1
  )
}

/** Files that no row names: left over, or of entries that the index forgot. */
async function verifyFiles(
  store: Store,
  { repair = false, subset }: VerifyOptions,
): Promise<{ findings: Finding[]; adopted: number }> {
  const isKnown = store.database.prepare('SELECT 1 FROM blobs WHERE digest = ?')
  const findings: Finding[] = []
  let adopted = 0
  for (const name of listBlobs(store.cacheDirectory)) {
    if (!isDigest(name) || !isInSubset(name, subset)) continue
    if (isKnown.get(digestToBytes(name)) !== undefined) continue
    const found = statSync(blobPath(store.cacheDirectory, name), { throwIfNoEntry: false })
    if (found === undefined) continue
    if (repair && (await adoptManifest(store, name))) {
      adopted += 1
      findings.push({ kind: 'entry-forgotten', digest: name })
    } else if (Math.abs(store.now() - found.mtimeMs) > GRACE_MS) {
      findings.push({ kind: 'file-unknown', digest: name, sizeBytes: found.size })
    }
  }
  return { findings, adopted }
}
