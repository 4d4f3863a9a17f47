import { isUtf8 } from 'node:buffer'
import type { Repository } from './find-repository.ts'
import { readLooseObject } from './read-loose-object.ts'

export interface OutlineRequest {
  readonly repository: Repository
  /** The directory that is asked about: empty, or with `/` at its end. */
  readonly prefix: string
  /** Whether a file or symlink counts, by its path without the prefix. */
  selects(relativePath: string): boolean
  /** Whether anything below a directory may count. */
  mayContain(relativePath: string): boolean
}

const DIRECTORY = '40000'
const SUBMODULE = '160000'

/**
 * What of a tree can matter, in a few lines: the names and ids of the files in its first directory that
 * count, and of the directories next to them that may hold some. Trees with equal outlines have equal
 * files that count, whatever else they hold. Undefined where that cannot be told at once: of trees that
 * git has packed, with submodules that may count, or names that are no UTF-8.
 */
export function outlineTree(treeId: string, request: OutlineRequest): string | undefined {
  const { repository, prefix, selects, mayContain } = request
  const entries = findDirectory(treeId, prefix, repository)
  if (entries === undefined) return undefined
  const lines: string[] = []
  for (const { mode, name, id } of entries) {
    if (mode === SUBMODULE) {
      if (mayContain(name)) return undefined
      continue
    }
    if (mode === DIRECTORY ? mayContain(name) : selects(name)) lines.push(`${mode} ${id} ${name}\0`)
  }
  return lines.join('')
}

interface TreeEntry {
  /** As git writes it: `100644`, `40000`, … */
  readonly mode: string
  readonly name: string
  readonly id: string
}

/** The entries of the tree that the prefix leads to. */
function findDirectory(
  treeId: string,
  prefix: string,
  repository: Repository,
): readonly TreeEntry[] | undefined {
  let entries = readEntries(treeId, repository)
  for (const segment of prefix.split('/').filter((name) => name !== '')) {
    const next = entries?.find(({ name, mode }) => name === segment && mode === DIRECTORY)
    entries = next && readEntries(next.id, repository)
  }
  return entries
}

/** For each `<mode> <name>`, a zero, and the bytes of an id as long as the tree's own. */
function readEntries(treeId: string, repository: Repository): readonly TreeEntry[] | undefined {
  const tree = readLooseObject('tree', treeId, repository)
  if (tree === undefined) return undefined
  const idBytes = treeId.length / 2
  const entries: TreeEntry[] = []
  for (let at = 0; at < tree.length;) {
    const space = tree.indexOf(0x20, at)
    const end = tree.indexOf(0, space)
    const name = tree.subarray(space + 1, end)
    if (space === -1 || end === -1 || !isUtf8(name)) return undefined
    entries.push({
      mode: tree.toString('latin1', at, space),
      name: name.toString('utf8'),
      id: tree.toString('hex', end + 1, end + 1 + idBytes),
    })
    at = end + 1 + idBytes
  }
  return entries
}
