import { DIRECTORY_TYPE, typeOf } from '../files/scanning/observe-directory.ts'
import { readListing } from './made-directory.ts'
import type { MadeDirectory } from './made-directory.ts'
import type { Placement } from './output-plan.ts'

/**
 * For people. No array, but what can be iterated, as often as one likes, and says how many there are:
 * `[...written]` makes an array. Each path is made when it is asked for, as there may be as many as files.
 */
export type WrittenPaths = Iterable<string> & { readonly length: number }

/** Every file and link that is new: outputs themselves, and names in directories that were made. */
export function listWritten(
  placements: readonly Placement[],
  directories: readonly MadeDirectory[],
  digestBytes: number,
): WrittenPaths {
  const single = placements.filter(({ entry }) => entry.kind !== 'directory')
  return {
    length: directories.reduce((sum, { leafCount }) => sum + leafCount, single.length),
    *[Symbol.iterator]() {
      for (const { displayPath } of single) yield displayPath
      // Parents before children, as they are where they lie.
      for (const directory of directories.toReversed()) yield* listLeaves(directory, digestBytes)
    },
  }
}

function* listLeaves(directory: MadeDirectory, digestBytes: number): Generator<string> {
  const { names, mode } = readListing(directory.listing, digestBytes)
  for (const [index, name] of names.entries()) {
    const isLeaf = typeOf(mode[index] as number) !== DIRECTORY_TYPE
    if (isLeaf) yield `${directory.displayPath}/${name}`
  }
}
