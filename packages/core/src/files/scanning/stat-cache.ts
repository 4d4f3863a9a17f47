/**
 * Remembers what was read: for each directory a listing (see listing.ts) that says which content a
 * file had when it had a certain identity (device, inode, size, times, mode). Losing it costs time,
 * nothing else, so no operation of it ever throws.
 */
export interface StatCache {
  /** The encoded listing of a directory, or undefined. */
  read(absoluteDirectory: string): Uint8Array | undefined
  /** Remembers a listing; it may reach the disk only with `flush`. */
  write(absoluteDirectory: string, listing: Uint8Array): void
  flush(): void
}

/** A stat cache in memory, lost when the process ends. */
export function createMemoryStatCache(): StatCache {
  const listings = new Map<string, Uint8Array>()
  return {
    read: (directory) => listings.get(directory),
    write: (directory, listing) => void listings.set(directory, listing),
    flush: () => {},
  }
}
