import type { Place } from '../../files/contents/content-sink.ts'
import {
  UNKNOWN_BLOB,
  encodeListing,
  parseListing,
  renameBlobs,
} from '../../files/scanning/listing.ts'
import type { Listing } from '../../files/scanning/listing.ts'
import type { StatCache } from '../../files/scanning/stat-cache.ts'

/** Listings of a save, which name blobs that may not be in the store yet. */
export interface WaitingListings {
  add(directory: string, listing: Listing, places: ReadonlySet<Place>): void
  /** Hands over the listings whose every blob is in the store by now. */
  writeStored(): void
  /** Hands over the others, which then name no blobs. */
  writeRest(): void
}

/** Encoded: a listing is a third of its size then. */
interface WaitingListing {
  readonly directory: string
  readonly bytes: Uint8Array
  readonly places: readonly Place[]
}

export function createWaitingListings(statCache: StatCache, digestBytes: number): WaitingListings {
  let waiting: WaitingListing[] = []

  return {
    add(directory, listing, holders) {
      const places = [...holders]
      const blobs = places.map(() => UNKNOWN_BLOB)
      waiting.push({ directory, bytes: encodeListing({ ...listing, blobs }), places })
    },
    writeStored() {
      waiting = waiting.filter(({ directory, bytes, places }) => {
        const numbers = places.flatMap((place) => place.number ?? [])
        if (numbers.length < places.length) return true
        renameBlobs(bytes, numbers)
        statCache.write(directory, bytes)
        return false
      })
      // Now, as there may be as many again with each pack.
      statCache.flush()
    },
    writeRest() {
      for (const { directory, bytes } of waiting) {
        const listing = parseListing(bytes, digestBytes)
        if (listing !== undefined)
          statCache.write(directory, encodeListing({ ...listing, blobs: undefined }))
      }
      waiting = []
    },
  }
}
