import { statSync } from 'node:fs'
import { TaskVaultError } from '../../errors.ts'
import { syncDirectory } from '../../files/write-atomically.ts'
import { digestFromBytes, digestToBytes } from '../../model/digest.ts'
import type { Digest } from '../../model/digest.ts'
import type { Manifest } from '../../model/manifest.ts'
import type { EvictionStrategy } from '../../model/policy.ts'
import { appendAudit } from '../audit/audit-log.ts'
import { blobPath, blobsDirectory } from '../blobs/blob-path.ts'
import { ensureTables } from '../database/schema.ts'
import { settleEntries } from '../database/settle-clock.ts'
import { removeUnneeded } from '../removal/remove-unneeded.ts'
import type { Store } from '../store.ts'
import { insertEntry } from './insert-entry.ts'

export interface Publication {
  readonly manifest: Manifest
  /** Its file is in place, and its bytes are on the disk. */
  readonly manifestBlob: { readonly digest: Digest; readonly sizeBytes: number }
  /** The packs that the manifest names, by their numbers. */
  readonly blobNumbers: readonly number[]
  readonly strategy: EvictionStrategy
  /** Given for an entry that was made elsewhere. */
  readonly received?: Received
}

export interface Received {
  /** Under which the other store has it. */
  readonly scope: string
  /** How many bytes came for it. */
  readonly bytes: number
  readonly expiresAtMs: number | undefined
}

export type Published =
  | { readonly kind: 'published' }
  /** Nothing was published: these have gone meanwhile, and have to be stored again. */
  | { readonly kind: 'blobs-missing'; readonly numbers: readonly number[] }

/** Rebuilds in a row that publication follows; more are a fault of the disk. */
const MAX_REPLACEMENTS = 3

/**
 * Makes an entry visible, in the place of an earlier one with the same key. When this returns, the
 * entry survives the death of the process and the loss of power, and every blob that it needs is there.
 * @throws {TaskVaultError} as the database does; DATABASE_UNAVAILABLE when the index keeps vanishing.
 */
export function publishEntry(store: Store, publication: Publication): Published {
  const [outcome] = publishEntries(store, [publication])
  if (outcome === undefined) throw new Error('each publication has an outcome')
  return outcome
}

/** The same for several at once, which all wait for the disk once: what is published survives with the rest. */
export function publishEntries(
  store: Store,
  publications: readonly Publication[],
): readonly Published[] {
  // Before any row: what is found in the index after a loss of power is there.
  syncDirectory(blobsDirectory(store.cacheDirectory))
  for (let attempt = 0; attempt <= MAX_REPLACEMENTS; attempt += 1) {
    const outcomes = publishOnce(store, publications)
    // Committed to a file that has just been replaced, entries would be lost: once more, in the new one.
    if (!store.database.followReplacement()) return outcomes
    ensureTables(store.database)
  }
  throw new TaskVaultError(
    'DATABASE_UNAVAILABLE',
    'Could not publish an entry: the index keeps being replaced',
  )
}

function publishOnce(store: Store, publications: readonly Publication[]): readonly Published[] {
  const { database } = store
  const replaced: number[] = []
  const outcomes = database.transaction('durable', () =>
    publications.map((publication): Published => {
      const numbers = findMissing(store, publication)
      if (numbers.length > 0 || !isManifestThere(store, publication))
        return { kind: 'blobs-missing', numbers }
      settleEntries(store)
      replaced.push(...withdrawFormer(store, publication))
      insertPublished(store, publication)
      return { kind: 'published' }
    }),
  )
  // Only now that the new entries are safe: a crash before must not cost the former ones their blobs.
  if (replaced.length > 0) removeUnneeded(store, replaced)
  return outcomes
}

function insertPublished(
  store: Store,
  { manifest, manifestBlob, blobNumbers, strategy, received }: Publication,
): void {
  const nowMs = store.now()
  insertEntry(store.database, {
    manifest,
    manifestBlob,
    blobNumbers,
    strategy,
    createdAtMs: nowMs,
    expiresAtMs: received === undefined ? expiryFrom(manifest, nowMs) : received.expiresAtMs,
  })
  if (received === undefined)
    store.database.prepare('UPDATE totals SET saves = saves + 1 WHERE id = 1').run()
  const { task, key, sizeBytes, fileCount, exitCode, origin } = manifest
  const source = received && { scope: received.scope, bytes: received.bytes }
  const fields = { size: sizeBytes, files: fileCount, exit: exitCode, ...origin, ...source }
  const operation = received === undefined ? 'put' : 'pull'
  appendAudit(store, { kind: 'SAVE', operation, task, key, fields })
}

/** An entry lives as long as was meant from when it is published, which took its time. */
function expiryFrom({ createdAtMs, expiresAtMs }: Manifest, nowMs: number): number | undefined {
  return expiresAtMs === undefined ? undefined : expiresAtMs - createdAtMs + nowMs
}

/** Numbers of the packs without a row or a file; the file must have the size that it was written with. */
function findMissing(
  { database, cacheDirectory }: Store,
  { manifest, blobNumbers }: Publication,
): number[] {
  const select = database.prepare('SELECT digest, size FROM blobs WHERE number = ?')
  const found = blobNumbers.map((number) => {
    const row = select.get(number)
    const digest =
      row?.['digest'] instanceof Uint8Array ? digestFromBytes(row['digest']) : undefined
    const isThere =
      digest !== undefined && hasSize(blobPath(cacheDirectory, digest), Number(row?.['size']))
    return { number, digest, isThere }
  })
  // After a rebuild a number may name another blob; the manifest says which ones it means.
  const isMeant = (digest: Digest | undefined): boolean =>
    digest !== undefined && manifest.blobs.includes(digest)
  return found.filter((blob) => !blob.isThere || !isMeant(blob.digest)).map((blob) => blob.number)
}

function isManifestThere({ cacheDirectory }: Store, { manifestBlob }: Publication): boolean {
  return hasSize(blobPath(cacheDirectory, manifestBlob.digest), manifestBlob.sizeBytes)
}

function hasSize(path: string, sizeBytes: number): boolean {
  return statSync(path, { throwIfNoEntry: false })?.size === sizeBytes
}

/** Takes an earlier entry with the same key out of the index. @returns the blobs that it needed. */
function withdrawFormer(
  { database }: Store,
  { manifest, manifestBlob }: Publication,
): readonly number[] {
  const former = database
    .prepare('SELECT number FROM cache_entries WHERE hash = ? AND scope = ?')
    .get(manifest.key, manifest.scope)
  if (former === undefined) return []
  const number = Number(former['number'])
  const blobs = database
    .prepare(
      `SELECT b.number FROM entry_blobs AS e JOIN blobs AS b ON b.number = e.blob
       WHERE e.entry = ? AND b.digest <> ?`,
    )
    .all(number, digestToBytes(manifestBlob.digest))
  database.prepare('DELETE FROM cache_entries WHERE number = ?').run(number)
  return blobs.map((row) => Number(row['number']))
}
