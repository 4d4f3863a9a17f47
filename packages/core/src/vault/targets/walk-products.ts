import { lstatSync, readdirSync } from 'node:fs'
import type { Dirent } from 'node:fs'
import path from 'node:path'
import { TaskVaultError, asTaskVaultError, systemErrorCode } from '../../errors.ts'
import { isWithin } from '../../files/is-within.ts'
import { namesAbove } from '../../files/names-above.ts'
import { RESERVED_NAMES } from '../../files/reserved-names.ts'
import { STAGING_PREFIX } from '../../files/scanning/observe-directory.ts'
import { entersPath, isFulfilled } from '../../files/selection/output-patterns.ts'
import type { OutputPattern } from '../../files/selection/output-patterns.ts'
import type { LeftOut } from '../../model/left-out.ts'
import type { TaskPlaces, TaskProducts, Unsaved } from './task-products.ts'

/** Each is a line of the manifest, and is restored separately: for more files, name their directories. */
const MOST_NAMES = 20_000

export interface FoundProducts {
  /** Files, symlinks, and directories that belong to the task as a whole; relative to the project root, with `/`. */
  readonly names: readonly string[]
  /** Patterns that match none of these, and nothing in the directories among them. */
  readonly missing: readonly OutputPattern[]
  /** The first path that a pattern matches but that may be a source. */
  readonly sources: ReadonlyMap<OutputPattern, string>
  /** What somebody may expect among the names, in order; of a directory, nothing is among them. */
  readonly leftOut: readonly LeftOut[]
}

/**
 * Finds what the patterns of a task's outputs select now. It looks only into directories where they can match, and
 * does not follow symlinks.
 * @throws {TaskVaultError} OUTPUT_UNREADABLE; ENTRY_TOO_LARGE when too many paths are selected; GIT_FAILED.
 */
export function walkProducts(products: TaskProducts, places: TaskPlaces): FoundProducts {
  const walk = walkFrom([''], products, places)
  const { names, sources } = walk
  const missing = products.patterns.filter((each) => isMissing(each, walk))
  return { names, sources, missing, leftOut: listLeftOut(walk) }
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
  const walk: Walk = {
    products,
    places,
    names: [],
    sources: new Map(),
    leftOut: [],
    waiting: [...directories],
  }
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
  readonly sources: Map<OutputPattern, string>
  readonly leftOut: LeftOut[]
  readonly waiting: string[]
}

function lookAt(entry: Dirent, name: string, walk: Walk): void {
  const { products, places, names, sources, waiting } = walk
  const absolutePath = path.join(places.projectRoot, name)
  const { cacheDirectory } = places
  if (isNever(entry.name) || isWithin(absolutePath, cacheDirectory)) return
  if (entry.isDirectory()) {
    const isWhole = products.findWhole(name) === name && !isWithin(cacheDirectory, absolutePath)
    if (isWhole) return void names.push(name)
    if (products.mayBeBelow(name)) waiting.push(name)
    return leaveOut(walk, name, { kind: 'directory', match: products.findMatch(name) })
  }
  const match = products.findMatch(name)
  // Pipes, sockets and devices cannot be saved.
  if (match === undefined || !(entry.isFile() || entry.isSymbolicLink())) return
  if (products.has(name)) return void names.push(name)
  const { pattern } = match
  if (name < (sources.get(pattern) ?? LAST)) sources.set(pattern, name)
  leaveOut(walk, name, { kind: entry.isFile() ? 'file' : 'symlink', match })
}

function leaveOut({ products, leftOut }: Walk, name: string, unsaved: Unsaved): void {
  const explained = products.explainLeftOut(name, unsaved)
  if (explained !== undefined) leftOut.push(explained)
}

/** Comes after every name. */
const LAST = '\u{10FFFF}'

function listLeftOut({ names, leftOut }: Walk): readonly LeftOut[] {
  const directories = new Set(names.flatMap(namesAbove))
  return leftOut
    .filter(({ relativePath }) => !directories.has(relativePath))
    .toSorted((a, b) => (a.relativePath < b.relativePath ? -1 : 1))
}

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
