import type { GitContents } from '../git/git-contents.ts'

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
