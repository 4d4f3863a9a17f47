import type { Database, Row } from '../database/database.ts'
import { divideIntoPages, parsePage, placeListings, placeOf } from './listing-page.ts'
import type { Listings } from './listing-page.ts'

/** A page as it was when it was read, and its name. */
export interface StatPage {
  readonly first: Uint8Array
  readonly listings: Listings
}

/**
 * The page that has a directory's listing, if one has.
 * @param known a page that was read before, which is not read again.
 */
export function findPage(
  database: Database,
  algorithm: string,
  { directory, known }: { readonly directory: string; readonly known: StatPage | undefined },
): StatPage | undefined {
  const first = findFirst(database, algorithm, placeOf(directory))
  if (first === undefined) return undefined
  if (known !== undefined && Buffer.compare(first, known.first) === 0) return known
  return readPage(database, algorithm, first)
}

/** Writes listings in place of earlier ones of the same directories. */
export function writeListings(database: Database, algorithm: string, listings: Listings): void {
  const waiting = placeListings(listings)
  database.transaction('relaxed', () => {
    for (let next = waiting[0], at = 0; next !== undefined; next = waiting[at]) {
      const page = findPage(database, algorithm, { directory: next.directory, known: undefined })
      const end = findNext(database, algorithm, next.place)
      const merged = new Map(page?.listings)
      for (; next !== undefined && isBefore(next.place, end); next = waiting[++at])
        merged.set(next.directory, next.listing)
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

function findFirst(database: Database, algorithm: string, place: Buffer): Uint8Array | undefined {
  return firstOf(
    database
      .prepare(
        'SELECT first FROM stat_pages WHERE algorithm = ? AND first <= ? ORDER BY first DESC LIMIT 1',
      )
      .get(algorithm, place),
  )
}

function findNext(database: Database, algorithm: string, place: Buffer): Uint8Array | undefined {
  return firstOf(
    database
      .prepare(
        'SELECT first FROM stat_pages WHERE algorithm = ? AND first > ? ORDER BY first LIMIT 1',
      )
      .get(algorithm, place),
  )
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

function isBefore(place: Buffer, end: Uint8Array | undefined): boolean {
  return end === undefined || Buffer.compare(place, end) < 0
}
