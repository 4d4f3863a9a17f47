import { sha256 } from '../../hashing/sha256.ts'
import type { EntryDraft, EntryRecord, NeededBlob } from '../../model/entry-record.ts'
import type { CallOptions } from '../blob-store.ts'
import type { PublishOutcome } from '../entry-store.ts'
import type { Carried } from './carried-blobs.ts'
import { isExpired, readUnlessMalformed } from './entry-shelf.ts'
import type { Shelf } from './entry-shelf.ts'
import { entryObjectKey, recentObjectKey, taskSegment } from './object-layout.ts'

/** Everybody who can write to a folder or bucket writes here: nobody is there to tell them apart. */
const SCOPE = 'shared'
/** Entries that are in the way of a publication, one after the other: more are a fight with others. */
const MOST_REPLACEMENTS = 3

/** Writes the record of an entry, if nothing that it needs is missing and no usable entry stands in its place. */
export async function publishEntry(
  shelf: Shelf,
  draft: EntryDraft,
  call: CallOptions | undefined,
): Promise<PublishOutcome> {
  // A draft that comes again found nothing in its way; what has come since is met when it is written.
  const isAgain = shelf.found.has(draft)
  // What another draft was to carry may be too large for this one.
  if (!isAgain) shelf.carried.release(blobsOf(draft))
  // Taken before anything is asked: another draft may have what is held released meanwhile.
  const carries = shelf.carried.encode(blobsOf(draft))
  // Both at once: what is saved was not found before, and so is rarely there.
  const [standing, lacking] = await Promise.all([
    isAgain ? undefined : findUsable(shelf, draft, call),
    findLacking(shelf, { draft, carries }, call),
  ])
  if (standing !== undefined) return asKnown(standing, draft)
  if (lacking.length > 0) {
    shelf.carried.choose(lacking)
    return { kind: 'blobs-missing', names: lacking.map(({ name }) => name) }
  }
  const outcome = await write(shelf, { draft, carries }, call)
  shelf.carried.release(blobsOf(draft))
  return outcome
}

interface Offer {
  readonly draft: EntryDraft
  /** What its record is to carry. */
  readonly carries: Carried
}

async function write(
  shelf: Shelf,
  { draft, carries }: Offer,
  call: CallOptions | undefined,
): Promise<PublishOutcome> {
  const { objects, now } = shelf
  const { task, key } = draft
  const record: EntryRecord = {
    ...draft,
    id: `${taskSegment(task)}.${key}`,
    scope: SCOPE,
    createdAtMs: now(),
    writer: undefined,
    restored: [],
    signature: undefined,
  }
  const content = encode(record, carries)
  for (let attempt = 0; attempt <= MOST_REPLACEMENTS; attempt += 1) {
    if (await objects.putIfAbsent(entryObjectKey(task, key), content, call)) {
      await objects.putIfAbsent(recentObjectKey(task, key, record.createdAtMs), EMPTY, call)
      return { kind: 'published', record }
    }
    const known = await findUsable(shelf, draft, call)
    if (known !== undefined) return asKnown(known, draft)
  }
  return { kind: 'skipped', because: 'others keep replacing this very entry' }
}

function blobsOf({ manifest, packs }: EntryDraft): readonly NeededBlob[] {
  return [manifest, ...packs]
}

/**
 * Which of a draft's blobs are neither there nor to be carried by its record. A draft that comes again, with them, is asked
 * about them alone.
 */
async function findLacking(
  { blobs, found }: Shelf,
  { draft, carries }: Offer,
  call: CallOptions | undefined,
): Promise<readonly NeededBlob[]> {
  const earlier = found.get(draft)
  const unknown = blobsOf(draft).filter(
    ({ name }) => earlier?.has(name) !== true && !Object.hasOwn(carries, name),
  )
  const names = unknown.map(({ name }) => name)
  const missing = new Set(names.length === 0 ? [] : await blobs.findMissing(names, call))
  const there = names.filter((name) => !missing.has(name))
  found.set(draft, new Set([...(earlier ?? []), ...there]))
  return unknown.filter(({ name }) => missing.has(name))
}

function asKnown(record: EntryRecord, { manifest }: EntryDraft): PublishOutcome {
  return { kind: 'known', record, isSame: record.manifest.name === manifest.name }
}

/** The entry that is there; undefined without one, or when it was of no use to anybody and was removed. */
async function findUsable(
  shelf: Shelf,
  { task, key }: EntryDraft,
  call: CallOptions | undefined,
): Promise<EntryRecord | undefined> {
  const objectKey = entryObjectKey(task, key)
  if ((await shelf.objects.head(objectKey, call)) === undefined) return undefined
  const { record: known, carries } = (await readUnlessMalformed(shelf, objectKey, call)) ?? {}
  if (known !== undefined && known.task === task && known.key === key) {
    const needed = blobsOf(known)
      .map(({ name }) => name)
      .filter((name) => carries?.has(name) !== true)
    // A bucket's own rules may have removed what nobody else would.
    const isWhole = (await shelf.blobs.findMissing(needed, call)).length === 0
    if (isWhole && !isExpired(shelf, known)) return known
  }
  await shelf.objects.delete(objectKey, call)
  return undefined
}

const EMPTY = { sizeBytes: 0, sha256: sha256Of(Buffer.alloc(0)), open: noPieces }

async function* noPieces(): AsyncGenerator<Uint8Array, void> {
  // Nothing.
}

function encode(record: EntryRecord, carried: Carried) {
  const isBare = Object.keys(carried).length === 0
  const bytes = Buffer.from(`${JSON.stringify(isBare ? record : { ...record, carried })}\n`)
  async function* open(): AsyncGenerator<Uint8Array, void> {
    yield bytes
  }
  return { sizeBytes: bytes.length, sha256: sha256Of(bytes), open }
}

function sha256Of(bytes: Buffer): string {
  return sha256.hash(bytes).toString('hex')
}
