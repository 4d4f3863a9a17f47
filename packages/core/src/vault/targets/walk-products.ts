import { lstatSync, readdirSync } from 'node:fs'
import type { Dirent } from 'node:fs'
import path from 'node:path'
import { TaskVaultError, asTaskVaultError, systemErrorCode } from '../../errors.ts'
import { isWithin } from '../../files/is-within.ts'
import { RESERVED_NAMES } from '../../files/reserved-names.ts'
import { STAGING_PREFIX } from '../../files/scanning/observe-directory.ts'
import { entersPath, isFulfilled } from '../../files/selection/output-patterns.ts'
import type { OutputPattern } from '../../files/selection/output-patterns.ts'
import type { TaskPlaces, TaskProducts } from './task-products.ts'

/** Each is a line of the manifest, and is restored separately: for more files, name their directories. */
const MOST_NAMES = 20_000

export interface FoundProducts {
  /** Files, symlinks, and directories that belong to the task as a whole; relative to the project root, with `/`. */
  readonly names: readonly string[]
  /** Patterns that match none of these, and nothing in the directories among them. */
  readonly missing: readonly OutputPattern[]
  /** The first path that a pattern matches but that may be a source. */
  readonly leftOut: ReadonlyMap<OutputPattern, string>
}

/**
 * Finds what the patterns of a task's outputs select now. It looks only into directories where they can match, and
 * does not follow symlinks.
 * @throws {TaskVaultError} OUTPUT_UNREADABLE; ENTRY_TOO_LARGE when too many paths are selected; GIT_FAILED.
 */
export function walkProducts(products: TaskProducts, places: TaskPlaces): FoundProducts {
  const walk = walkFrom([''], products, places)
  const { names, leftOut } = walk
  return { names, leftOut, missing: products.patterns.filter((each) => isMissing(each, walk)) }
}

/**
 * What the patterns select below directories.
 * @throws {TaskVaultError} as `walkProducts` does.
 */
export function listProducts(
  directories: readonly string[],
  products: TaskProducts,
  places: TaskPlaces,
): readonly string[] {
  return walkFrom(directories, products, places).names
}

function walkFrom(
  directories: readonly string[],
  products: TaskProducts,
  places: TaskPlaces,
): Walk {
  const walk: Walk = { products, places, names: [], leftOut: new Map(), waiting: [...directories] }
  for (let at = walk.waiting.pop(); at !== undefined; at = walk.waiting.pop()) {
    for (const entry of listEntries(path.join(places.projectRoot, at)))
      lookAt(entry, at === '' ? entry.name : `${at}/${entry.name}`, walk)
    if (walk.names.length > MOST_NAMES) throw tooMany()
  }
  return walk
}

interface Walk {
  readonly products: TaskProducts
  readonly places: TaskPlaces
  readonly names: string[]
  readonly leftOut: Map<OutputPattern, string>
  readonly waiting: string[]
}

function lookAt(entry: Dirent, name: string, { products, places, ...found }: Walk): void {
  const absolutePath = path.join(places.projectRoot, name)
  const { cacheDirectory } = places
  if (isNever(entry.name) || isWithin(absolutePath, cacheDirectory)) return
  if (entry.isDirectory()) {
    const isWhole = products.findWhole(name) === name && !isWithin(cacheDirectory, absolutePath)
    if (isWhole) found.names.push(name)
    else if (products.mayBeBelow(name)) found.waiting.push(name)
    return
  }
  const match = products.findMatch(name)
  // Pipes, sockets and devices cannot be saved.
  if (match === undefined || !(entry.isFile() || entry.isSymbolicLink())) return
  if (products.has(name)) found.names.push(name)
  else if (name < (found.leftOut.get(match) ?? LAST)) found.leftOut.set(match, name)
}

/** Comes after every name. */
const LAST = '\u{10FFFF}'

function isMissing(pattern: OutputPattern, { names, places }: Walk): boolean {
  if (isFulfilled(pattern, names)) return false
  const { glob } = pattern
  const waiting = names.filter((name) => entersPath(glob, name))
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    const directory = path.join(places.projectRoot, at)
    if (lstatSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) continue
    const below = listEntries(directory).map(({ name }) => `${at}/${name}`)
    if (below.some((name) => glob.matches(name))) return false
    waiting.push(...below.filter((name) => entersPath(glob, name)))
  }
  return true
}

function isNever(name: string): boolean {
  return RESERVED_NAMES.has(name.toLowerCase()) || name.startsWith(STAGING_PREFIX)
}

function listEntries(absolutePath: string): readonly Dirent[] {
  try {
    return readdirSync(absolutePath, { withFileTypes: true })
  } catch (error) {
    // Deleted since its parent was listed.
    if (systemErrorCode(error) === 'ENOENT') return []
    const { message } = asTaskVaultError(error, `list ${absolutePath}`)
    throw new TaskVaultError('OUTPUT_UNREADABLE', message, {
      hint: 'A pattern of the outputs looks there: check its owner and mode, or leave it out with `!`.',
      cause: error,
    })
  }
}

function tooMany(): TaskVaultError {
  return new TaskVaultError(
    'ENTRY_TOO_LARGE',
    `The outputs select more than ${MOST_NAMES} files one by one`,
    { hint: 'Name the directories that they lie in, such as `packages/*/dist`.' },
  )
}
