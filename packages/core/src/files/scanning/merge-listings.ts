import type { Listing } from './listing.ts'
import { SYMLINK_TYPE, typeOf } from './observe-directory.ts'

/**
 * The names of both listings, with what `newer` says of those in both. Nothing is claimed of the
 * directory as a whole.
 */
export function mergeListings(older: Listing, newer: Listing): Listing {
  const picks = mergeNames(older.names, newer.names)
  const column = (pick: (listing: Listing) => Float64Array): Float64Array =>
    Float64Array.from(picks, ([from, at]) => pick(from === 'older' ? older : newer)[at] as number)
  const { digestBytes } = newer
  const [olderTargets, newerTargets] = [targetsByIndex(older), targetsByIndex(newer)]
  return {
    dev: newer.dev,
    digestBytes,
    names: picks.map(([from, at]) => (from === 'older' ? older : newer).names[at] as string),
    ino: column((listing) => listing.ino),
    size: column((listing) => listing.size),
    mtimeMs: column((listing) => listing.mtimeMs),
    ctimeMs: column((listing) => listing.ctimeMs),
    mode: column((listing) => listing.mode),
    digests: Buffer.concat(
      picks.map(([from, at]) =>
        (from === 'older' ? older : newer).digests.subarray(
          at * digestBytes,
          (at + 1) * digestBytes,
        ),
      ),
    ),
    targets: picks.flatMap(
      ([from, at]) => (from === 'older' ? olderTargets : newerTargets).get(at) ?? [],
    ),
    node: undefined,
    self: undefined,
    blobs: undefined,
  }
}

type Pick = readonly [from: 'older' | 'newer', index: number]

/** Merges two sorted lists of names; the newer wins where both have one. */
function mergeNames(older: readonly string[], newer: readonly string[]): Pick[] {
  const picks: Pick[] = []
  let at = 0
  for (const [index, name] of newer.entries()) {
    while (at < older.length && (older[at] as string) < name) picks.push(['older', at++])
    if (older[at] === name) at += 1
    picks.push(['newer', index])
  }
  while (at < older.length) picks.push(['older', at++])
  return picks
}

function targetsByIndex(listing: Listing): Map<number, string> {
  const targets = new Map<number, string>()
  for (const [index, mode] of listing.mode.entries()) {
    if (typeOf(mode) === SYMLINK_TYPE) targets.set(index, listing.targets[targets.size] ?? '')
  }
  return targets
}
