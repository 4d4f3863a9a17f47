import type { Database, Row } from '../database/database.ts'
import { divideIntoPages, parsePage, placeListings } from './listing-page.ts'
import type { Listings, PlacedListing } from './listing-page.ts'

/** A page as it was when it was read, and its name. */
export interface StatPage {
  readonly first: Uint8Array
  readonly listings: Listings
}

/**
 * The page that has the listing of the directory in a place, if one has.
 * @param known a page that was read before, which is not read again.
 */
export function findPage(
  database: Database,
  algorithm: string,
  { place, known }: { readonly place: Buffer; readonly known?: StatPage | undefined },
): StatPage | undefined {
  const first = firstOf(database.prepare(LAST_UP_TO).get(algorithm, place))
  if (first === undefined) return undefined
  if (known !== undefined && Buffer.compare(first, known.first) === 0) return known
  return readPage(database, algorithm, first)
}

const LAST_UP_TO =
  'SELECT first FROM stat_pages WHERE algorithm = ? AND first <= ? ORDER BY first DESC LIMIT 1'
const FIRST_BEYOND =
  'SELECT first FROM stat_pages WHERE algorithm = ? AND first > ? ORDER BY first LIMIT 1'

/** Writes listings in place of earlier ones of the same directories. */
export function writeListings(database: Database, algorithm: string, listings: Listings): void {
  const waiting = placeListings(listings)
  database.transaction('relaxed', () => {
    for (let at = 0; at < waiting.length;) {
      const from = at
      const { place } = waiting[from] as PlacedListing
      const page = findPage(database, algorithm, { place })
      const next = firstOf(database.prepare(FIRST_BEYOND).get(algorithm, place))
      while (isBefore(waiting[at], next)) at += 1
      const merged = new Map(page?.listings)
      for (const { directory, listing } of waiting.slice(from, at)) merged.set(directory, listing)
      replacePage(database, algorithm, { page, listings: merged })
    }
  })
}

/** Drops the listings of directories for which `isGone` holds, of all algorithms. */
export function forgetListings(database: Database, isGone: (directory: string) => boolean): void {
  const algorithms = database.prepare('SELECT DISTINCT algorithm FROM stat_pages').all()
  for (const { algorithm } of algorithms) {
    for (const first of listFirsts(database, String(algorithm)))
      forgetInPage(database, String(algorithm), { first, isGone })
  }
}

function forgetInPage(
  database: Database,
  algorithm: string,
  { first, isGone }: { first: Uint8Array; isGone: (directory: string) => boolean },
): void {
  const seen = readPage(database, algorithm, first)
  const gone = [...(seen?.listings.keys() ?? [])].filter(isGone)
  if (seen === undefined || (gone.length === 0 && seen.listings.size > 0)) return
  database.transaction('relaxed', () => {
    // Others may have added to it meanwhile.
    const page = readPage(database, algorithm, first)
    if (page === undefined) return
    const listings = new Map(page.listings)
    for (const directory of gone) listings.delete(directory)
    replacePage(database, algorithm, { page, listings })
  })
}

/** Only in a transaction. */
function replacePage(
  database: Database,
  algorithm: string,
  { page, listings }: { readonly page: StatPage | undefined; readonly listings: Listings },
): void {
  if (page !== undefined)
    database
      .prepare('DELETE FROM stat_pages WHERE algorithm = ? AND first = ?')
      .run(algorithm, page.first)
  // A name with the control character in it may have another's place: then one of the two is forgotten.
  const insert = database.prepare(
    'INSERT OR REPLACE INTO stat_pages (algorithm, first, page) VALUES (?, ?, ?)',
  )
  for (const { first, bytes } of divideIntoPages(listings)) insert.run(algorithm, first, bytes)
}

function readPage(database: Database, algorithm: string, first: Uint8Array): StatPage | undefined {
  const row = database
    .prepare('SELECT page FROM stat_pages WHERE algorithm = ? AND first = ?')
    .get(algorithm, first)
  const page = row?.['page']
  if (!(page instanceof Uint8Array)) return undefined
  // What another version wrote, or damage has changed, is as good as nothing.
  return { first, listings: parsePage(page) ?? new Map() }
}

function listFirsts(database: Database, algorithm: string): readonly Uint8Array[] {
  return database
    .prepare('SELECT first FROM stat_pages WHERE algorithm = ? ORDER BY first')
    .all(algorithm)
    .flatMap((row) => firstOf(row) ?? [])
}

function firstOf(row: Row | undefined): Uint8Array | undefined {
  const first = row?.['first']
  return first instanceof Uint8Array ? first : undefined
}

/** Whether a listing belongs before the page that begins at `next`. */
function isBefore(item: PlacedListing | undefined, next: Uint8Array | undefined): boolean {
  return item !== undefined && (next === undefined || item.place.compare(next) < 0)
}
