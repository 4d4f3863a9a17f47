import { TaskVaultError } from '../../errors.ts'
import { blobNameOf } from '../../model/blob-name.ts'
import type { BlobName } from '../../model/blob-name.ts'
import { digestToBytes } from '../../model/digest.ts'
import type { Digest, TaskKey } from '../../model/digest.ts'
import type { EntryDraft, NeededBlob } from '../../model/entry-record.ts'
import type { Manifest } from '../../model/manifest.ts'
import type { PublishOutcome } from '../../remote/entry-store.ts'
import type { RemoteStores } from '../../remote/remote-stores.ts'
import { findEntry } from '../../store/entries/entries.ts'
import { recordSent } from '../../store/entries/record-use.ts'
import type { Store } from '../../store/store.ts'
import { openEntry } from '../open-entry.ts'
import type { OpenParts } from '../open-parts.ts'
import type { Pushed } from './pushed.ts'
import type { SendAhead } from './send-ahead.ts'
import { storedContent } from './stored-content.ts'
import { transferAll } from './transfer-all.ts'

/** Blobs can go between one publication and the next, which then says so. */
const MOST_ATTEMPTS = 4

/**
 * Sends the local store's entry of a key to the remote one. It is published first: the answer says what is
 * missing there, or that nothing needs to be sent. The entry is saved here whatever comes of it; undefined
 * when there is no remote store.
 * @param replaces whether another entry of the key that is there goes first, where this caller may have it go.
 * @param ahead what of it may be there, or on its way, already.
 */
export async function pushEntry(
  parts: OpenParts,
  { key, replaces, ahead }: PushOptions,
): Promise<Pushed | undefined> {
  const { remote, store } = parts
  if (remote === undefined) return undefined
  if (remote.mode === 'read')
    return { kind: 'skipped', sentBytes: 0, because: 'remote.mode is read' }
  const count: Count = { sentBytes: await ahead.settle() }
  const outcome = await remote.attempt('write', async (stores) => {
    const draft = await describe(store, key)
    return draft === undefined ? undefined : await send({ store, stores, count, replaces }, draft)
  })
  const { sentBytes } = count
  if (outcome === undefined) return { kind: 'failed', sentBytes }
  if (outcome.kind === 'published') return { kind: 'sent', sentBytes }
  if (outcome.kind === 'known') return { kind: 'known', sentBytes }
  return {
    kind: 'skipped',
    sentBytes,
    ...(outcome.kind === 'skipped' && { because: outcome.because }),
  }
}

interface PushOptions {
  readonly key: TaskKey
  readonly replaces: boolean
  readonly ahead: Pick<SendAhead, 'settle'>
}

interface Count {
  sentBytes: number
}

interface Sending {
  readonly store: Store
  readonly stores: RemoteStores
  readonly count: Count
  readonly replaces: boolean
}

async function describe(store: Store, key: TaskKey): Promise<EntryDraft | undefined> {
  const entry = findEntry(store, { scope: 'local', key })
  // Evicted at once: there is nothing to send.
  if (entry === undefined) return undefined
  using opened = await openEntry(store, entry)
  const { manifest } = opened
  return draftOf(manifest, {
    manifest: measure(store, entry.blob),
    packs: manifest.blobs.map((digest) => measure(store, digest)),
  })
}

/** What others are told of an entry, whose blobs have these names and sizes. */
export function draftOf(
  manifest: Manifest,
  blobs: Pick<EntryDraft, 'manifest' | 'packs'>,
): EntryDraft {
  const { task, key, sizeBytes, fileCount, exitCode, durationMs, expiresAtMs, origin } = manifest
  return { task, key, ...blobs, sizeBytes, fileCount, exitCode, durationMs, expiresAtMs, origin }
}

function measure({ database, algorithm }: Store, digest: Digest): NeededBlob {
  const row = database.prepare('SELECT size FROM blobs WHERE digest = ?').get(digestToBytes(digest))
  const name = blobNameOf({ algorithm: algorithm.name, digest })
  return { name, sizeBytes: Number(row?.['size']) }
}

async function send(sending: Sending, draft: EntryDraft): Promise<PublishOutcome> {
  const { stores, store, count } = sending
  let { replaces } = sending
  const needed = [draft.manifest, ...draft.packs]
  let isTaken = true
  for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt += 1) {
    const outcome = await stores.entries.publish(draft)
    if (outcome.kind === 'published') recordSent(store, draft, count.sentBytes)
    if (outcome.kind === 'known' && replaces && !outcome.isSame) {
      // Who may not remove it leaves it at that.
      replaces = false
      await stores.entries.remove(outcome.record)
      continue
    }
    if (outcome.kind !== 'blobs-missing') return outcome
    if (!isTaken) return { kind: 'skipped', because: 'another job is sending the same' }
    // Why not, the entry is told when it is offered again.
    isTaken = await sendBlobs(sending, { needed, missing: outcome.names })
  }
  throw new TaskVaultError('REMOTE_REFUSED', 'The remote store keeps losing what it is sent')
}

interface Wanted {
  readonly needed: readonly NeededBlob[]
  readonly missing: readonly BlobName[]
}

/** @returns whether the store takes blobs at all. */
async function sendBlobs(
  { store, stores, count }: Sending,
  { needed, missing }: Wanted,
): Promise<boolean> {
  const lacking = new Set(missing)
  const wanted = needed.filter(({ name }) => lacking.has(name))
  const total = wanted.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  let done = 0
  let isTaken = true
  await transferAll(
    wanted.map((blob) => async (signal) => {
      const outcome = await stores.blobs.put(storedContent(store, blob), { signal })
      if (outcome === 'stored') count.sentBytes += blob.sizeBytes
      if (outcome === 'skipped') isTaken = false
      done += blob.sizeBytes
      store.report({ kind: 'progress', phase: 'sending', done, total, unit: 'bytes' })
    }),
  )
  return isTaken
}
