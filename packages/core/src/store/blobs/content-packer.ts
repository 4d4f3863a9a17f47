import { setImmediate } from 'node:timers/promises'
import { createChunker } from '../../files/contents/chunker.ts'
import type { ContentSink, Place } from '../../files/contents/content-sink.ts'
import { CHUNKED_FROM_BYTES } from '../../files/contents/cut-chunks.ts'
import type { StatCache } from '../../files/scanning/stat-cache.ts'
import { syncDirectory } from '../../files/write-atomically.ts'
import type { Digest } from '../../model/digest.ts'
import { removeUnneeded } from '../removal/remove-unneeded.ts'
import type { Store } from '../store.ts'
import { blobsDirectory } from './blob-path.ts'
import { findContent, hasContents, registerBlob } from './contents.ts'
import { createFrameCompressor } from './frame-compressor.ts'
import { createKnownBlobs, readChunkList } from './known-blobs.ts'
import { createPackWriter } from './pack-writer.ts'
import type { Lane, PackWriter, WrittenBlob } from './pack-writer.ts'
import type { InlineContent, PackedContents } from './packed-contents.ts'
import { createWaitingListings } from './waiting-listings.ts'

/** Collects the contents of one save: stores what is new, refers to what is there. */
export interface ContentPacker extends ContentSink {
  /** Waits while too much is in memory; closes packs that are large enough. */
  settle(): Promise<void>
  /** Stores the rest, and tells the stat cache. */
  finish(): Promise<PackedContents>
  /** Removes what is not in the store yet, and the packs that are and that no entry needs. */
  abandon(): void
}

/** Raw frames in memory at once, being compressed or waiting for it; two a processor keep both busy. */
const MAX_WAITING_FRAMES = 6
/** Stored bytes after which a pack is closed and the next one begun. */
const PACK_BYTES = 16 * 1024 * 1024

/** Contents that together are no larger than this stay in memory until it is known what else comes. */
const INLINE_BYTES = 64 * 1024

export interface PackerOptions {
  /** Numbers of blobs that an earlier attempt found gone, or one of too many. */
  readonly ignored?: ReadonlySet<number>
  /** Is told of each pack that is full and on the disk, while others are still to come. */
  readonly onFullPack?: (pack: WrittenBlob) => void
}

export function createContentPacker(
  store: Store,
  statCache: StatCache,
  { ignored = new Set(), onFullPack }: PackerOptions = {},
): ContentPacker {
  const isFresh = !hasContents(store)
  const placesByDigest = new Map<string, Place>()
  const chunkedByDigest = new Map<string, readonly Place[]>()
  const known = createKnownBlobs(store, ignored)
  const placesByNumber = new Map<number, Place>()
  const used = new Set<Place>()
  const digests = new Map<Place, Digest>()
  const listings = createWaitingListings(statCache, store.algorithm.digestBytes)
  let small: (InlineContent & { readonly lane: Lane })[] = []
  let smallBytes = 0
  const inlinePlace: Place = { number: undefined }
  let current: OpenPack | undefined
  // A full pack is made durable while the next one fills.
  let closing: { pack: OpenPack; done: Promise<void> } | undefined
  const written: number[] = []
  const compressor = createFrameCompressor()
  let storedBytes = 0

  function writing(): OpenPack {
    if (current === undefined) {
      // Small contents were promised the place of the first pack, should there be one.
      const place =
        digests.has(inlinePlace) || used.has(inlinePlace) ? { number: undefined } : inlinePlace
      current = { writer: createPackWriter(store, compressor), place, noticedFrames: 0 }
      used.add(place)
      for (const content of small) current.writer.add(content.digest, content.bytes, content.lane)
      small = []
    }
    return current
  }

  function addNew(digest: Buffer, bytes: Uint8Array, lane: Lane): Place {
    const isSmall =
      current === undefined && !used.has(inlinePlace) && smallBytes + bytes.length <= INLINE_BYTES
    if (isSmall) {
      small.push({ digest, bytes: Uint8Array.from(bytes), lane })
      smallBytes += bytes.length
      return inlinePlace
    }
    const { writer, place } = writing()
    writer.add(digest, bytes, lane)
    return place
  }

  /** The place of a blob in the store, if it is there. */
  function findBlob(number: number): Place | undefined {
    const digest = known.find(number)
    if (digest === undefined) return undefined
    const place = placesByNumber.get(number) ?? { number }
    placesByNumber.set(number, place)
    digests.set(place, digest)
    return place
  }

  function findChunks(digest: Buffer): readonly Place[] | undefined {
    const place = find(digest)
    const blob = place === undefined ? undefined : digests.get(place)
    if (place === undefined || blob === undefined) return undefined
    const places = readChunkList(store, blob, digest)?.map(find)
    if (places === undefined || !places.every((item) => item !== undefined)) return undefined
    return [...new Set([place, ...places])]
  }

  function find(digest: Buffer): Place | undefined {
    const name = digest.toString('latin1')
    const found = placesByDigest.get(name)
    if (found !== undefined || isFresh) return found
    const number = findContent(store, digest)
    const place = number === undefined ? undefined : findBlob(number)
    if (place === undefined) return undefined
    used.add(place)
    placesByDigest.set(name, place)
    return place
  }

  function remember(digest: Buffer, place: Place): Place {
    placesByDigest.set(digest.toString('latin1'), place)
    return place
  }

  function addUnlessKnown(digest: Buffer, bytes: Uint8Array, lane: Lane): Place {
    return find(digest) ?? remember(digest, addNew(digest, bytes, lane))
  }

  async function closePack(onComplete?: (pack: WrittenBlob) => void): Promise<void> {
    await closing?.done
    if (current === undefined) return
    const pack = current
    current = undefined
    closing = { pack, done: completePack(pack).then(onComplete) }
    // A failure is met by whoever waits for the pack next.
    closing.done.catch(() => {})
  }

  async function completePack({ writer, place }: OpenPack): Promise<WrittenBlob> {
    const blob = await writer.finish()
    storedBytes += blob.sizeBytes
    place.number = registerBlob(store, blob)
    written.push(place.number)
    digests.set(place, blob.digest)
    listings.writeStored()
    return blob
  }

  /** A node of more names than a frame has room for is cut, as large files are. */
  function addNode(digest: Buffer, bytes: Uint8Array): readonly Place[] {
    if (bytes.length < CHUNKED_FROM_BYTES) return [addUnlessKnown(digest, bytes, 'tree')]
    const earlier = packer.findLarge(digest)
    if (earlier !== undefined) return earlier
    const chunker = createChunker(store.algorithm, packer)
    chunker.push(bytes)
    return chunker.finish().places
  }

  const packer: ContentPacker = {
    get isFull() {
      if (current === undefined) return false
      const { writer, noticedFrames } = current
      return writer.startedFrames > noticedFrames || writer.storedBytes >= PACK_BYTES
    },
    find,
    findLarge: (digest) => chunkedByDigest.get(digest.toString('latin1')) ?? findChunks(digest),
    add: (digest, bytes) => addUnlessKnown(digest, bytes, 'file'),
    addNode,
    addChunked(digest, length, chunks) {
      const name = digest.toString('latin1')
      const earlier = chunkedByDigest.get(name)
      if (earlier !== undefined) return earlier
      const { writer, place } = writing()
      writer.addChunked({ digest, length, chunks })
      remember(digest, place)
      const places = [...new Set([place, ...chunks.flatMap((chunk) => find(chunk) ?? [])])]
      chunkedByDigest.set(name, places)
      return places
    },
    reuse(blobs) {
      const places = blobs?.map(findBlob)
      if (places === undefined || places.includes(undefined)) return false
      for (const place of places) if (place !== undefined) used.add(place)
      return true
    },
    remember: listings.add,
    async settle() {
      if (current !== undefined) current.noticedFrames = current.writer.startedFrames
      // Frames that are compressed by now are written, and their memory is used again.
      await setImmediate()
      while (current !== undefined && current.writer.waitingFrames >= MAX_WAITING_FRAMES) {
        await current.writer.drain()
      }
      if (current !== undefined && current.writer.storedBytes >= PACK_BYTES)
        await closePack(onFullPack)
    },
    async finish() {
      if (small.length > 0 && used.size > 0) writing()
      await closePack()
      await closing?.done
      compressor[Symbol.dispose]()
      if (storedBytes > 0) syncDirectory(blobsDirectory(store.cacheDirectory))
      listings.writeStored()
      const blobs = [...used].flatMap((place) => {
        const digest = digests.get(place)
        return place.number === undefined || digest === undefined
          ? []
          : [{ number: place.number, digest }]
      })
      listings.writeRest()
      return { blobs, inline: small, storedBytes }
    },
    abandon() {
      current?.writer.abandon()
      closing?.pack.writer.abandon()
      compressor[Symbol.dispose]()
      removeUnneeded(store, written)
    },
  }
  return packer
}

interface OpenPack {
  readonly writer: PackWriter
  readonly place: Place
  /** Frames since whose start whoever adds contents has waited a turn. */
  noticedFrames: number
}
