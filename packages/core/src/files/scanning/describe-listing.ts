import { digestFromBytes } from '../../model/digest.ts'
import type { FileEntry, SymlinkEntry } from '../../model/tree.ts'
import { toMicroseconds } from './kept-attributes.ts'
import type { Listing } from './listing.ts'
import { DIRECTORY_TYPE, FILE_TYPE, SYMLINK_TYPE, typeOf } from './observe-directory.ts'

/** What a name in a directory is. */
export type DescribedEntry =
  | FileEntry
  | SymlinkEntry
  | {
      readonly kind: 'directory'
      readonly name: string
      readonly mode: number
      readonly mtimeUs: number
    }
  /** A socket, pipe or device. */
  | { readonly kind: 'other'; readonly name: string }

/** What the names of a listing are, in its order, with their times as they really are. */
export function describeListing(listing: Listing, mtimesMs: Float64Array): DescribedEntry[] {
  const { digestBytes } = listing
  let link = 0
  return listing.names.map((name, index): DescribedEntry => {
    const mode = listing.mode[index] as number
    const mtimeUs = toMicroseconds(mtimesMs[index] as number)
    switch (typeOf(mode)) {
      case FILE_TYPE: {
        const digest = listing.digests.subarray(index * digestBytes, (index + 1) * digestBytes)
        const sizeBytes = listing.size[index] as number
        return {
          kind: 'file',
          name,
          mode: mode & 0o777,
          sizeBytes,
          mtimeUs,
          digest: digestFromBytes(digest),
        }
      }
      case DIRECTORY_TYPE:
        return { kind: 'directory', name, mode: mode & 0o777, mtimeUs }
      case SYMLINK_TYPE:
        return { kind: 'symlink', name, mtimeUs, target: listing.targets[link++] ?? '' }
      default:
        return { kind: 'other', name }
    }
  })
}
