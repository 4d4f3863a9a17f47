const NAME = 'TREE'
const HEADER_BYTES = 8
const COUNT_AT = 8

/**
 * The id of the tree that a commit of an index would have, where git has left word of it: it keeps the
 * ids of trees that have not changed in an extension near the end of the file. Undefined when
 * anything was staged since, when something is only intended to be added, or in conflict; as a commit
 * writes its trees before it calls hooks, it is there in most of them.
 * @param idBytes 20 in repositories of SHA-1, 32 in those of SHA-256.
 */
export function readCachedTree(index: Buffer, idBytes: number): string | undefined {
  const at = findExtension(index, idBytes)
  if (at === undefined || at <= COUNT_AT) return undefined
  const lineAt = at + HEADER_BYTES
  const lineEnd = index.indexOf(0x0a, lineAt)
  // The root's path, which is empty; how many entries it has in the index, and how many subtrees.
  const [, entries] = /^\0(\d+) \d+$/.exec(index.toString('latin1', lineAt, lineEnd)) ?? []
  if (entries === undefined || Number(entries) !== index.readUInt32BE(COUNT_AT)) return undefined
  return index.toString('hex', lineEnd + 1, lineEnd + 1 + idBytes)
}

/**
 * Looked for from the end, a little further each time, as it mostly lies near it: from there on, sizes
 * must lead to the checksum that the file ends with.
 */
function findExtension(index: Buffer, idBytes: number): number | undefined {
  const end = index.length - idBytes
  for (const windowBytes of WINDOWS_BYTES) {
    const start = Math.max(0, index.length - windowBytes)
    const found = findWithin(index.subarray(start), end - start)
    if (found !== undefined) return start + found
  }
  return undefined
}

const WINDOWS_BYTES: readonly number[] = [2 ** 16, 2 ** 20, Number.MAX_SAFE_INTEGER]

function findWithin(tail: Buffer, end: number): number | undefined {
  let at = tail.lastIndexOf(NAME, end - HEADER_BYTES, 'latin1')
  while (at > 0) {
    if (leadsTo(tail, at, end)) return at
    at = tail.lastIndexOf(NAME, at - 1, 'latin1')
  }
  return undefined
}

function leadsTo(index: Buffer, start: number, end: number): boolean {
  let at = start
  while (at + HEADER_BYTES <= end) at += HEADER_BYTES + index.readUInt32BE(at + 4)
  return at === end
}
