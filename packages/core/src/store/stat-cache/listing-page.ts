/*
 * A page: the encoded listings of directories that follow one another in a walk, as one row of the stat
 * cache. Reading a row costs more than what a directory has in it.
 *
 * Numbers (f64, as in listings): version, how many listings, bytes of the directories' names, then the bytes
 * of each listing. Then the listings, each from a multiple of eight bytes on, then the names, separated by NUL.
 */

/** Encoded listings by directory. */
export type Listings = ReadonlyMap<string, Uint8Array>

export interface ListingPage {
  /** The place of its first directory; those before it are in other pages. */
  readonly first: Buffer
  readonly bytes: Uint8Array
}

const VERSION = 1
const HEADER_NUMBERS = 3
const NUMBER_BYTES = Float64Array.BYTES_PER_ELEMENT

/** What pages come to when listings are divided. A change rewrites its page, and a walk reads all of them. */
const PAGE_BYTES = 64 * 1024

/** Where a directory stands among others, by bytes: all that is below it follows at once, as in a walk. */
export function placeOf(directory: string): Buffer {
  return Buffer.from(directory.replaceAll('/', '\u0001'))
}

export interface PlacedListing {
  readonly directory: string
  readonly listing: Uint8Array
  readonly place: Buffer
}

/** All listings in the order of their places. */
export function placeListings(listings: Listings): PlacedListing[] {
  const placed = Array.from(listings, ([directory, listing]) => ({
    directory,
    listing,
    place: placeOf(directory),
  }))
  placed.sort((a, b) => Buffer.compare(a.place, b.place))
  return placed
}

/**
 * All listings, in the order of their places; a page's worth and half of another is still one page. One page
 * after the other: together they are as large as what a whole restore tells.
 */
export function* divideIntoPages(listings: Listings): Generator<ListingPage> {
  const placed = placeListings(listings)
  let leftBytes = placed.reduce((sum, item) => sum + item.listing.length, 0)
  let page: PlacedListing[] = []
  let [pageBytes, wantedBytes] = [0, evenShare(leftBytes)]
  for (const [index, item] of placed.entries()) {
    page.push(item)
    pageBytes += item.listing.length
    if (pageBytes < wantedBytes && index < placed.length - 1) continue
    yield { first: (page[0] ?? item).place, bytes: encodePage(page) }
    leftBytes -= pageBytes
    page = []
    ;[pageBytes, wantedBytes] = [0, evenShare(leftBytes)]
  }
}

function evenShare(bytes: number): number {
  return bytes / Math.max(1, Math.round(bytes / PAGE_BYTES))
}

function encodePage(items: readonly PlacedListing[]): Uint8Array {
  const names = Buffer.from(items.map(({ directory }) => directory).join('\0'))
  const headerBytes = (HEADER_NUMBERS + items.length) * NUMBER_BYTES
  const listingsBytes = items.reduce((sum, { listing }) => sum + aligned(listing.length), 0)
  const bytes = new Uint8Array(headerBytes + listingsBytes + names.length)
  const header = new Float64Array(bytes.buffer, 0, headerBytes / NUMBER_BYTES)
  header.set([VERSION, items.length, names.length, ...items.map(({ listing }) => listing.length)])
  let at = headerBytes
  for (const { listing } of items) {
    bytes.set(listing, at)
    at += aligned(listing.length)
  }
  bytes.set(names, at)
  return bytes
}

/** Views into `source`; undefined when that is no page, or one of another version. */
export function parsePage(source: Uint8Array): Listings | undefined {
  const bytes = source.byteOffset % NUMBER_BYTES === 0 ? source : new Uint8Array(source)
  const numbers = new Float64Array(
    bytes.buffer,
    bytes.byteOffset,
    Math.floor(bytes.length / NUMBER_BYTES),
  )
  const [version, count = -1, namesBytes = -1] = numbers
  if (version !== VERSION || !(count >= 0 && HEADER_NUMBERS + count <= numbers.length))
    return undefined
  const lengths = numbers.subarray(HEADER_NUMBERS, HEADER_NUMBERS + count)
  if (!(namesBytes >= 0) || !lengths.every((length) => length >= 0)) return undefined
  const listingsAt = (HEADER_NUMBERS + count) * NUMBER_BYTES
  const namesAt = lengths.reduce((at, length) => at + aligned(length), listingsAt)
  if (namesAt + namesBytes !== bytes.length) return undefined
  const names = Buffer.from(bytes.buffer, bytes.byteOffset + namesAt, namesBytes)
  const listings = new Map<string, Uint8Array>()
  let at = listingsAt
  for (const [index, directory] of names.toString().split('\0').entries()) {
    const length = lengths[index] ?? 0
    listings.set(directory, bytes.subarray(at, at + length))
    at += aligned(length)
  }
  return listings.size === count ? listings : undefined
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / NUMBER_BYTES) * NUMBER_BYTES
}
