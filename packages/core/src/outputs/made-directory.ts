import { parseColumns, parseListing } from '../files/scanning/listing.ts'
import type { Listing, ListingColumns } from '../files/scanning/listing.ts'

/** A directory that is finished, but for its move to its place. */
export interface MadeDirectory {
  readonly finalPath: string
  /** For people: declared name and path below it. */
  readonly displayPath: string
  /** How many of its names are no directories. */
  readonly leafCount: number
  /** What the stat cache will be told of it: objects for all names would take ten times the memory. */
  readonly listing: Uint8Array
}

/** Views into a listing that was encoded here. */
export function readListing(listing: Uint8Array, digestBytes: number): Listing {
  return asEncoded(parseListing(listing, digestBytes))
}

/** The same of its numbers and digests alone. */
export function readColumns(listing: Uint8Array, digestBytes: number): ListingColumns {
  return asEncoded(parseColumns(listing, digestBytes))
}

function asEncoded<Parsed>(parsed: Parsed | undefined): Parsed {
  if (parsed === undefined) throw new Error('what was encoded is a listing')
  return parsed
}
