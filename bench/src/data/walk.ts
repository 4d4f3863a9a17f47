import { type BigIntStats, lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Every path below a directory with its state, parents before children, in the order of names. */
export function walk(root: string): Map<string, BigIntStats> {
  const found = new Map<string, BigIntStats>()
  const waiting = ['']
  for (let directory = waiting.pop(); directory !== undefined; directory = waiting.pop()) {
    const names = readdirSync(join(root, directory)).toSorted()
    for (const name of names) {
      const relativePath = join(directory, name)
      const state = lstatSync(join(root, relativePath), { bigint: true })
      found.set(relativePath, state)
      if (state.isDirectory()) waiting.push(relativePath)
    }
  }
  return found
}

/** Files and their bytes together. */
export function sizeOfTree(root: string): { readonly files: number; readonly bytes: number } {
  let files = 0
  let bytes = 0n
  for (const state of walk(root).values()) {
    if (!state.isFile()) continue
    files += 1
    bytes += state.size
  }
  return { files, bytes: Number(bytes) }
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
