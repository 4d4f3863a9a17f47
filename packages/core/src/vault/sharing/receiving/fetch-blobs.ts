import { statSync } from 'node:fs'
import { TaskVaultError, isTaskVaultError } from '../../../errors.ts'
import { splitBlobName } from '../../../model/blob-name.ts'
import type { EntryRecord, NeededBlob } from '../../../model/entry-record.ts'
import { blobPath } from '../../../store/blobs/blob-path.ts'
import { findIndexedBlob } from '../../../store/blobs/indexed-blob.ts'
import { receiveBlob } from '../../../store/blobs/receive-blob.ts'
import type { OpenPieces } from '../../../store/blobs/receive-blob.ts'
import type { Store } from '../../../store/store.ts'
import { transferAll } from '../transfer-all.ts'
import type { ArrivingEntry } from './arriving-entry.ts'
import type { Fetching } from './fetching.ts'
import { counted } from './read-part.ts'

/** Blobs of an entry that the local store lacks. */
export interface AbsentBlobs {
  readonly manifest: NeededBlob | undefined
  readonly packs: readonly NeededBlob[]
}

export function findAbsent(store: Store, { manifest, packs }: EntryRecord): AbsentBlobs {
  const needed = new Map(packs.map((pack) => [pack.name, pack]))
  return {
    manifest: isHere(store, manifest) ? undefined : manifest,
    packs: [...needed.values()].filter((pack) => !isHere(store, pack)),
  }
}

/** One call fewer than a remote store has at once, so that a question need not wait for a whole pack. */
const CALLS_BESIDE_QUESTIONS = 7

/**
 * Fetches blobs of an entry, all at once: the manifest would tell no more than the record does. The first
 * failure ends all transfers.
 * @param arriving is told of what has come, if the entry is to be used before all has.
 * @returns how many bytes came.
 * @throws {TaskVaultError} BLOB_MISSING when the remote store has lost one; BLOB_CORRUPT when it lies.
 */
export async function fetchBlobs(
  store: Store,
  { blobs, record }: Fetching,
  {
    absent,
    arriving,
  }: { readonly absent: AbsentBlobs; readonly arriving?: ArrivingEntry | undefined },
): Promise<number> {
  const { manifest, packs } = absent
  const total = packs.reduce((sum, pack) => sum + pack.sizeBytes, manifest?.sizeBytes ?? 0)
  const count = countReceived(store, total)

  async function receive(blob: NeededBlob, signal: AbortSignal): Promise<void> {
    const { name, sizeBytes } = blob
    const { digest } = splitBlobName(name)
    const open: OpenPieces = async () => {
      const stream = await blobs.get(name, { range: { start: 0, end: sizeBytes }, signal })
      return stream && counted(stream, count)
    }
    const file = arriving?.fileOf(blob)
    const isThere = await receiveBlob(store, { digest, open, file }).catch(async (error) => {
      if (isTaskVaultError(error, 'BLOB_CORRUPT', 'REMOTE_INVALID')) await tellOfDamage(blobs, blob)
      throw error
    })
    if (isThere) return
    await tellOfDamage(blobs, blob)
    throw lost(record)
  }

  async function receiveManifest(signal: AbortSignal): Promise<void> {
    if (manifest !== undefined) await receive(manifest, signal)
    arriving?.manifestIsHere()
  }

  const transfers = [
    receiveManifest,
    ...(arriving?.questions ?? []),
    ...packs.map((pack) => async (signal: AbortSignal) => await receive(pack, signal)),
  ]
  await transferAll(transfers, arriving && CALLS_BESIDE_QUESTIONS)
  return total + (arriving?.answeredBytes ?? 0)
}

/** Reports how many of `total` bytes have come. */
export function countReceived({ report }: Store, total: number): (bytes: number) => void {
  let done = 0
  return (bytes) => {
    done += bytes
    report({ kind: 'progress', phase: 'receiving', done, total, unit: 'bytes' })
  }
}

/** Whether a blob is in the store, as large as it should be. */
export function isHere(store: Store, { name, sizeBytes }: NeededBlob): boolean {
  const { digest } = splitBlobName(name)
  if (findIndexedBlob(store, digest)?.sizeBytes !== sizeBytes) return false
  return (
    statSync(blobPath(store.cacheDirectory, digest), { throwIfNoEntry: false })?.size === sizeBytes
  )
}

/**
 * If the remote store has it so, and not the line between, everybody would miss the entry until it is put again. A server
 * that sends its clients on to a bucket does not see what they are told there, neither that there is nothing.
 */
async function tellOfDamage(blobs: Fetching['blobs'], blob: NeededBlob): Promise<void> {
  try {
    await blobs.check(blob)
  } catch (error) {
    // What was found remains what the caller is told.
    if (!isTaskVaultError(error)) throw error
  }
}

function lost({ task }: EntryRecord): TaskVaultError {
  return new TaskVaultError(
    'BLOB_MISSING',
    `The remote store has an entry of ${task}, but not everything that belongs to it`,
    { hint: 'If bucket rules remove old objects, let objects live longer than entries.' },
  )
}
