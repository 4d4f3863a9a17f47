import type { ContentSink } from '../contents/content-sink.ts'
import { runToEnd } from '../contents/read-content.ts'
import { describeListing } from './describe-listing.ts'
import type { DescribedEntry } from './describe-listing.ts'
import { digestNames } from './digest-names.ts'
import { encodeListing, parseListing } from './listing.ts'
import type { Listing } from './listing.ts'
import { mergeListings } from './merge-listings.ts'
import {
  FILE_TYPE,
  asObservation,
  byCodeUnit,
  observeDirectory,
  typeOf,
} from './observe-directory.ts'
import type { ScanContext } from './scan-context.ts'

/**
 * What the given names in one directory are, in the order of UTF-16 code units; names that are gone
 * are left out. Opens only the files that the stat cache does not know, and tells it what it read.
 * @throws {TaskVaultError} INPUT_UNREADABLE, INPUT_CHANGED, NAME_UNSUPPORTED.
 */
export function describeDirectory(
  absoluteDirectory: string,
  names: readonly string[],
  context: ScanContext,
): DescribedEntry[] {
  return runToEnd(describeNames(absoluteDirectory, names, { context }))
}

/** The same, giving every content to `sink` that it does not hold. Yields while the sink is full. */
export function* describeNames(
  absoluteDirectory: string,
  names: readonly string[],
  { context, sink }: { readonly context: ScanContext; readonly sink?: ContentSink },
): Generator<void, DescribedEntry[]> {
  const { algorithm, statCache } = context
  const checkedAtMs = context.now()
  const row = statCache.read(absoluteDirectory)
  const earlier = row === undefined ? undefined : parseListing(row, algorithm.digestBytes)
  const sorted = [...names].toSorted(byCodeUnit)
  const observed = observeDirectory(absoluteDirectory, sorted, earlier)
  context.onProgress?.(names.length)
  if (earlier !== undefined && observed.changed === undefined && sink === undefined) {
    return describeListing(earlier, earlier.mtimeMs)
  }
  const now = asObservation(observed, earlier)
  const parts = { observed: now, earlier }
  const digested = yield* digestNames(absoluteDirectory, parts, { context, sink, checkedAtMs })
  if (hasNewFile(digested.listing, now.knownAt)) {
    // Only some names were asked for: what is known of the others stays known.
    const merged =
      earlier === undefined ? digested.listing : mergeListings(earlier, digested.listing)
    statCache.write(absoluteDirectory, encodeListing(merged))
  }
  return describeListing(digested.listing, digested.mtimeMs)
}

function hasNewFile(listing: Listing, knownAt: Int32Array): boolean {
  return knownAt.some(
    (at, index) => at === -1 && typeOf(listing.mode[index] as number) === FILE_TYPE,
  )
}
