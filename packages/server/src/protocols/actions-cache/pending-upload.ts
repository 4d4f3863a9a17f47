import { createHash, randomInt } from 'node:crypto'
import type { ByteStream } from '@taskvault/core'
import type { BlobRow, StoredEntry } from '../../engine/engine.ts'
import { Refusal } from '../../http/errors/refusal.ts'
import type { Principal } from '../../trust/principal.ts'
import { namespaceOf } from './cache-place.ts'
import type { CachePlace } from './cache-place.ts'
import { claimKey, endClaim, findClaim, isClaimOver } from './claim-key.ts'
import { findOwn, namespaceOfUpload, publishTemporary, withinOwn } from './temporary-entries.ts'
import type { UploadStore } from './temporary-entries.ts'

/*
 * An archive arrives in pieces, from many connections, at any of many servers, before anybody says that
 * it is whole. Until then, each piece is an entry of its own that expires soon, in a namespace that only
 * this upload has: entries are written once, are seen by all servers, and keep their blobs.
 */

export interface PendingUpload extends CachePlace {
  /** A number, because clients of the protocol's first version want one. */
  readonly id: string
}

/** Begins an upload; undefined when another one of the same key is going on. */
export async function beginUpload(
  store: UploadStore,
  who: Principal,
  place: CachePlace,
): Promise<PendingUpload | undefined> {
  const id = String(randomInt(1, 2 ** 47))
  if (!(await claimKey(store, who, { id, ...place }))) return undefined
  const begun = { namespace: namespaceOfUpload(id), key: 'begun', content: id }
  await publishTemporary(store, who, { ...begun, blobs: [], details: { ...place } })
  return { id, ...place }
}

/** The upload of an id, if the scope that `who` writes began it. */
export async function findUpload(
  store: UploadStore,
  who: Principal,
  id: string,
): Promise<PendingUpload | undefined> {
  const details = (await findOwn(store, who, { namespace: namespaceOfUpload(id), key: 'begun' }))
    ?.details
  if (details === undefined) return undefined
  return { id, version: String(details['version']), key: String(details['key']) }
}

/** The upload that was begun for a key, by the scope that `who` writes. */
export async function findUploadOf(
  store: UploadStore,
  who: Principal,
  place: CachePlace,
): Promise<PendingUpload | undefined> {
  const id = await findClaim(store, who, place)
  return id === undefined ? undefined : { id, ...place }
}

export interface Piece {
  /** Names the piece within its upload. */
  readonly key: string
  readonly bytes: ByteStream
  /** As many as the sender has announced. */
  readonly sizeBytes: number
}

/**
 * Takes one piece in. Sent again under the same name, it must be the same.
 * @throws {TaskVaultError} REQUEST_INVALID when it is shorter than announced, REQUEST_TOO_LARGE when it is
 * longer: then no piece is there.
 */
export async function storePiece(
  store: UploadStore,
  who: Principal,
  { upload, piece }: { readonly upload: Pick<PendingUpload, 'id'>; readonly piece: Piece },
): Promise<BlobRow> {
  const blob = await store.engine.storeUnnamed(who, piece.bytes, piece.sizeBytes)
  if (blob.sizeBytes !== piece.sizeBytes) throw tooShort(blob.sizeBytes, piece.sizeBytes)
  const entry = { namespace: namespaceOfUpload(upload.id), key: piece.key, content: blob.name }
  const stored = await publishTemporary(store, who, { ...entry, blobs: [blob], details: {} })
  if (stored.kind === 'known' && !stored.isSame) {
    throw new Refusal('ENTRY_EXISTS', `The piece ${piece.key} was sent before, with other bytes`)
  }
  if (stored.kind === 'blobs-missing') throw new Refusal('BLOBS_MISSING', 'The piece is gone again')
  return blob
}

function tooShort(arrivedBytes: number, announcedBytes: number): Refusal {
  return new Refusal(
    'REQUEST_INVALID',
    `${arrivedBytes} bytes came where ${announcedBytes} were announced`,
    { hint: 'Send this piece again.' },
  )
}

export async function findPiece(
  store: UploadStore,
  who: Principal,
  { upload, key }: { readonly upload: Pick<PendingUpload, 'id'>; readonly key: string },
): Promise<StoredEntry | undefined> {
  return await findOwn(store, who, { namespace: namespaceOfUpload(upload.id), key })
}

/** The piece whose name begins with `prefix`. */
export async function findPieceFrom(
  store: UploadStore,
  who: Principal,
  { upload, prefix }: { readonly upload: Pick<PendingUpload, 'id'>; readonly prefix: string },
): Promise<StoredEntry | undefined> {
  const within = withinOwn(who)
  return await store.engine.findByPrefix(within, {
    namespace: namespaceOfUpload(upload.id),
    prefix,
  })
}

/** The name of the piece that lists all others in their order, once the sender has said it. */
export const ASSEMBLED = 'assembled'

export async function assemble(
  store: UploadStore,
  who: Principal,
  {
    upload,
    blobs,
  }: { readonly upload: Pick<PendingUpload, 'id'>; readonly blobs: readonly BlobRow[] },
): Promise<void> {
  const content = contentOf(blobs)
  const entry = { namespace: namespaceOfUpload(upload.id), key: ASSEMBLED, content }
  const stored = await publishTemporary(store, who, { ...entry, blobs, details: {} })
  if (stored.kind === 'blobs-missing') throw new Refusal('BLOBS_MISSING', 'A piece is gone again')
  if (stored.kind === 'known' && !stored.isSame) {
    throw new Refusal('ENTRY_EXISTS', 'This archive was assembled before, from other pieces')
  }
}

export type Completion =
  | { readonly kind: 'published'; readonly entry: StoredEntry }
  | { readonly kind: 'taken' }
  | { readonly kind: 'incomplete'; readonly because: string }

/**
 * Makes an archive of `blobs`, in their order, if they are as many bytes as the sender believes. Of callers at
 * once, or one after the other, all are told of the same archive; but what was removed since does not come
 * back, because another upload may have the key by now.
 */
export async function completeUpload(
  store: UploadStore,
  who: Principal,
  {
    upload,
    blobs,
    sizeBytes,
  }: {
    readonly upload: PendingUpload
    readonly blobs: readonly BlobRow[]
    readonly sizeBytes: number
  },
): Promise<Completion> {
  const arrivedBytes = sizeOf(blobs)
  if (arrivedBytes !== sizeBytes) {
    return { kind: 'incomplete', because: `${arrivedBytes} of ${sizeBytes} bytes have arrived` }
  }
  const archive = (await isClaimOver(store, who, upload.id))
    ? await findComplete(store, who, upload)
    : await publishArchive(store, who, { upload, blobs })
  if (typeof archive === 'string') return { kind: 'incomplete', because: archive }
  return archive.content === contentOf(blobs)
    ? { kind: 'published', entry: archive }
    : { kind: 'taken' }
}

/** Where an archive is, of this upload or of another one; or why it is nowhere. */
type ArchiveOrWhyNot = StoredEntry | string

async function publishArchive(
  store: UploadStore,
  who: Principal,
  { upload, blobs }: { readonly upload: PendingUpload; readonly blobs: readonly BlobRow[] },
): Promise<ArchiveOrWhyNot> {
  const publication = await store.engine.publish(who, {
    namespace: namespaceOf(upload.version),
    key: upload.key,
    blobs,
    content: contentOf(blobs),
    details: {},
    durationMs: 0,
    sizeBytes: sizeOf(blobs),
    expiresAtMs: undefined,
  })
  if (publication.kind === 'blobs-missing') return 'a part of it is gone again'
  await endClaim(store, who, upload)
  return publication.entry
}

/** The client was not told that it is there, and asks once more. */
async function findComplete(
  store: UploadStore,
  who: Principal,
  { version, key }: PendingUpload,
): Promise<ArchiveOrWhyNot> {
  const found = await findOwn(store, who, { namespace: namespaceOf(version), key })
  return found ?? 'it was complete, and has been removed since'
}

function sizeOf(blobs: readonly BlobRow[]): number {
  return blobs.reduce((sum, blob) => sum + blob.sizeBytes, 0)
}

/** A name for blobs in their order. */
function contentOf(blobs: readonly BlobRow[]): string {
  const [only] = blobs
  if (blobs.length === 1 && only !== undefined) return only.name
  const hash = createHash('sha256')
  for (const { name } of blobs) hash.update(`${name}\n`)
  return `parts-${hash.digest('hex')}`
}
