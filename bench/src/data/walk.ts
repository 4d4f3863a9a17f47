import { lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** What can be seen of a path without reading it; plain numbers, for half a million are held at once. */
export interface PathState {
  readonly kind: 'file' | 'directory' | 'symlink' | 'other'
  readonly mode: number
  readonly sizeBytes: number
  readonly modifiedAtUs: number
}

/** Every path below a directory with its state, parents before children. */
export function walk(root: string): Map<string, PathState> {
  const found = new Map<string, PathState>()
  const waiting = ['']
  for (let directory = waiting.pop(); directory !== undefined; directory = waiting.pop()) {
    for (const name of readdirSync(join(root, directory))) {
      const relativePath = join(directory, name)
      const state = stateOf(join(root, relativePath))
      found.set(relativePath, state)
      if (state.kind === 'directory') waiting.push(relativePath)
    }
  }
  return found
}

function stateOf(path: string): PathState {
  const stats = lstatSync(path, { bigint: true })
  const isLink = stats.isSymbolicLink()
  const kind = stats.isFile()
    ? 'file'
    : stats.isDirectory()
      ? 'directory'
      : isLink
        ? 'symlink'
        : 'other'
  return {
    kind,
    mode: Number(stats.mode),
    sizeBytes: Number(stats.size),
    modifiedAtUs: Number(stats.mtimeNs / 1000n),
  }
}

/** Files and their bytes together. */
export function sizeOfTree(root: string): { readonly files: number; readonly bytes: number } {
  const files = [...walk(root).values()].filter(({ kind }) => kind === 'file')
  return { files: files.length, bytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) }
}

/** Bytes of all files below a directory, or 0 when it does not exist. */
export function bytesBelow(root: string): number {
  try {
    return sizeOfTree(root).bytes
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0
    throw error
  }
}
