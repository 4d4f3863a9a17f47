/**
 * Remembers our digest of each git blob, so that no blob is read twice. Losing it costs time,
 * nothing else, so no operation of it ever throws.
 */
export interface GitContents {
  /** Digests of those among the hexadecimal ids that are known. */
  find(blobIds: readonly string[]): Map<string, Buffer>
  remember(digests: ReadonlyMap<string, Buffer>): void
}

/** A memory that is gone with its process. */
export function createMemoryGitContents(): GitContents {
  const known = new Map<string, Buffer>()
  return {
    find(blobIds) {
      const found = new Map<string, Buffer>()
      for (const id of blobIds) {
        const digest = known.get(id)
        if (digest !== undefined) found.set(id, digest)
      }
      return found
    },
    remember(digests) {
      for (const [id, digest] of digests) known.set(id, digest)
    },
  }
}
