import { createHash } from 'node:crypto'
import {
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'

/** What was saved under a key at one time: a later save of the key has a higher generation. */
export interface Saved {
  readonly key: string
  readonly generation: number
}

/** Files by relative path. */
export type Tree = ReadonlyMap<string, Buffer>

const SHARED_BLOCKS = 48

/**
 * The result that a save keeps: it names its key and generation, and all of its bytes follow from
 * them. Some are small enough to lie in their manifest, others need packs.
 */
export function resultOf({ key, generation }: Saved): Buffer {
  const head = Buffer.from(`${key} ${generation}\n`)
  return Buffer.concat([
    head,
    noise(`${key} ${generation}`, [700, 8_000, 90_000][generation % 3] ?? 0),
  ])
}

/** @returns what the bytes were saved as, or undefined when no save made them. */
export function identifyResult(bytes: Uint8Array): Saved | undefined {
  const saved = parseHead(bytes)
  return saved !== undefined && resultOf(saved).equals(bytes) ? saved : undefined
}

/**
 * The tree that a save keeps. Blocks that many trees share are among its files, so that entries need
 * one another's packs.
 */
export function treeOf({ key, generation }: Saved): Tree {
  const seed = `${key} ${generation}`
  const files = new Map<string, Buffer>()
  files.set('id', Buffer.from(`${seed}\n`))
  files.set('own/small', noise(`${seed} small`, 300))
  files.set('own/deep/large', noise(`${seed} large`, 8_000 + (generation % 5) * 8_000))
  const pick = createHash('sha256').update(seed).digest()
  for (const index of [0, 1, 2]) {
    const block = (pick[index] ?? 0) % SHARED_BLOCKS
    files.set(`shared/${block}`, noise(`block ${block}`, 16_000))
  }
  return files
}

/** @returns what the tree was saved as, or undefined when it is not exactly what one save kept. */
export function identifyTree(tree: Tree): Saved | undefined {
  const saved = parseHead(tree.get('id') ?? Buffer.alloc(0))
  return saved !== undefined && isSameTree(treeOf(saved), tree) ? saved : undefined
}

export function isSameTree(left: Tree, right: Tree): boolean {
  return (
    left.size === right.size &&
    [...left].every(([path, bytes]) => right.get(path)?.equals(bytes) === true)
  )
}

export function writeTree(directory: string, tree: Tree): void {
  for (const [path, bytes] of tree) {
    mkdirSync(dirname(join(directory, path)), { recursive: true })
    writeFileSync(join(directory, path), bytes)
  }
}

/** Every file below a directory; a symlink counts as a file that holds its target. Empty when there is none. */
export function readTree(directory: string): Tree {
  const tree = new Map<string, Buffer>()
  if (lstatSync(directory, { throwIfNoEntry: false }) === undefined) return tree
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile()) tree.set(path.slice(directory.length + 1), readFileSync(path))
    if (entry.isSymbolicLink())
      tree.set(path.slice(directory.length + 1), Buffer.from(`-> ${readlinkSync(path)}`))
  }
  return tree
}

const known = new Map<string, Buffer>()

/** `length` bytes that follow from `seed`, and that do not get smaller by compressing. */
export function noise(seed: string, length: number): Buffer {
  const name = `${length} ${seed}`
  const made = known.get(name)
  if (made !== undefined) return made
  const bytes = Buffer.from(createHash('shake256', { outputLength: length }).update(seed).digest())
  if (seed.startsWith('block ')) known.set(name, bytes)
  return bytes
}

function parseHead(bytes: Uint8Array): Saved | undefined {
  const end = bytes.indexOf(0x0a)
  const [, key, generation] =
    /^(\S+) (\d+)$/.exec(Buffer.from(bytes.subarray(0, end)).toString('latin1')) ?? []
  return key === undefined ? undefined : { key, generation: Number(generation) }
}
