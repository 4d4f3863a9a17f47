import { lstatSync, readdirSync } from 'node:fs'
import type { Stats } from 'node:fs'
import { TaskVaultError, asTaskVaultError, systemErrorCode } from '../../errors.ts'
import type { Listing } from './listing.ts'

/** What a look at each name of a directory found. */
export interface Observed {
  /** Undefined when each name is there, is the same, and no other is. */
  readonly changed: Observation | undefined
  /** Its subdirectories by name, as they are now. */
  readonly directories: ReadonlyMap<string, Stats>
}

/** The state of a directory's names right now, in the columns of a listing. */
export interface Observation {
  readonly dev: number
  readonly names: readonly string[]
  readonly ino: Float64Array
  readonly size: Float64Array
  readonly mtimeMs: Float64Array
  readonly ctimeMs: Float64Array
  readonly mode: Float64Array
  /** For each name its index in the earlier listing, when it is a file that is still the same; else -1. */
  readonly knownAt: Int32Array
}

const TYPE_MASK = 0o170_000
export const FILE_TYPE = 0o100_000
export const DIRECTORY_TYPE = 0o040_000
export const SYMLINK_TYPE = 0o120_000

/** Names that a restore uses while it works, and that belong to nobody. */
export const STAGING_PREFIX = '.taskvault-stage-'

/** Directories of checkouts that a git hook tests in, among those for temporary files. */
export const SNAPSHOT_PREFIX = 'taskvault-snapshot-'

/** The file type in `st_mode`. */
export function typeOf(mode: number): number {
  return mode & TYPE_MASK
}

/**
 * All names in a directory, sorted as UTF-16 code units.
 * @throws {TaskVaultError} INPUT_UNREADABLE when the directory cannot be listed.
 */
export function listNames(absoluteDirectory: string): string[] {
  try {
    const names = readdirSync(absoluteDirectory)
    names.sort(byCodeUnit)
    return names.some((name) => name.startsWith(STAGING_PREFIX))
      ? names.filter((name) => !name.startsWith(STAGING_PREFIX))
      : names
  } catch (error) {
    const failure = asTaskVaultError(error, `list ${absoluteDirectory}`)
    throw new TaskVaultError('INPUT_UNREADABLE', failure.message, {
      hint: 'Check that the directory exists, who owns it, and its mode.',
      cause: error,
    })
  }
}

/** An order that is the same on every machine, whatever its locale. */
export function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Compares a directory with an earlier listing of it. Names that are gone by now are left out. */
export function observeDirectory(
  absoluteDirectory: string,
  names: readonly string[],
  earlier: Listing | undefined,
): Observed {
  if (earlier !== undefined && names.length === earlier.names.length) {
    const directories = findDirectoriesUnlessChanged(absoluteDirectory, names, earlier)
    if (directories !== undefined) return { changed: undefined, directories }
  }
  return observeAll(absoluteDirectory, names, earlier)
}

/** What was observed; of an unchanged directory, what the listing says, with every name known. */
export function asObservation({ changed }: Observed, earlier: Listing | undefined): Observation {
  if (changed !== undefined) return changed
  if (earlier === undefined) throw new Error('nothing is unchanged without an earlier listing')
  // Columns are written to: the listing's own stay as they are.
  return {
    ...earlier,
    size: Float64Array.from(earlier.size),
    knownAt: Int32Array.from(earlier.names.keys()),
  }
}

/** The subdirectories; undefined as soon as a name is not as it was. */
function findDirectoriesUnlessChanged(
  directory: string,
  names: readonly string[],
  earlier: Listing,
): ReadonlyMap<string, Stats> | undefined {
  const directories = new Map<string, Stats>()
  for (let index = 0; index < names.length; index += 1) {
    const name = names[index] as string
    if (name !== earlier.names[index]) return undefined
    const stats = lstat(directory, name)
    if (stats === undefined || !isSame(stats, earlier, index)) return undefined
    if (typeOf(stats.mode) === DIRECTORY_TYPE) directories.set(name, stats)
  }
  return directories
}

/** Whether a directory is the one that an earlier listing speaks of, with the same names in it. */
export function hasSameNames(directory: Stats, { self }: Pick<Listing, 'self'>): boolean {
  return (
    self !== undefined &&
    directory.mtimeMs === self.mtimeMs &&
    directory.ctimeMs === self.ctimeMs &&
    directory.ino === self.ino &&
    directory.dev === self.dev
  )
}

/** Whether the file system still shows what it showed when the listing was made. */
export function isSame(
  stats: Stats,
  listing: Pick<Listing, 'dev' | 'mode' | 'mtimeMs' | 'ctimeMs' | 'size' | 'ino'>,
  index: number,
): boolean {
  if (stats.mode !== listing.mode[index] || stats.mtimeMs !== listing.mtimeMs[index]) return false
  // A directory's inode, size and change time say nothing that its own listing does not say better.
  if (typeOf(stats.mode) === DIRECTORY_TYPE) return true
  return (
    stats.size === listing.size[index] &&
    stats.ctimeMs === listing.ctimeMs[index] &&
    stats.ino === listing.ino[index] &&
    stats.dev === listing.dev
  )
}

function observeAll(
  directory: string,
  wanted: readonly string[],
  earlier: Listing | undefined,
): Observed {
  const names: string[] = []
  const found: Stats[] = []
  const directories = new Map<string, Stats>()
  for (const name of wanted) {
    const stats = lstat(directory, name)
    if (stats === undefined) continue
    names.push(name)
    found.push(stats)
    if (typeOf(stats.mode) === DIRECTORY_TYPE) directories.set(name, stats)
  }
  const column = (pick: (stats: Stats) => number): Float64Array => Float64Array.from(found, pick)
  const changed = {
    // Names on other devices are mount points: they differ from this number and are read each time.
    dev: found.find((stats) => typeOf(stats.mode) !== DIRECTORY_TYPE)?.dev ?? 0,
    names,
    ino: column((stats) => stats.ino),
    size: column((stats) => stats.size),
    mtimeMs: column((stats) => stats.mtimeMs),
    ctimeMs: column((stats) => stats.ctimeMs),
    mode: column((stats) => stats.mode),
    knownAt: matchEarlier(names, found, earlier),
  }
  return { changed, directories }
}

/** Both lists are sorted, so one pass finds each name's index in the earlier one. */
function matchEarlier(
  names: readonly string[],
  found: readonly Stats[],
  earlier: Listing | undefined,
): Int32Array {
  const knownAt = new Int32Array(names.length).fill(-1)
  if (earlier === undefined) return knownAt
  let at = 0
  for (const [index, name] of names.entries()) {
    while (at < earlier.names.length && (earlier.names[at] as string) < name) at += 1
    const stats = found[index]
    if (earlier.names[at] === name && stats !== undefined && isSame(stats, earlier, at))
      knownAt[index] = at
  }
  return knownAt
}

function lstat(directory: string, name: string): Stats | undefined {
  try {
    const stats = lstatSync(`${directory}/${name}`, { throwIfNoEntry: false })
    // Bytes that are no UTF-8 reach us as U+FFFD, under which nothing can be found.
    if (stats === undefined && name.includes('\uFFFD')) throw unsupportedName(directory, name)
    return stats
  } catch (error) {
    if (systemErrorCode(error) === 'ENOTDIR') return undefined
    throw asTaskVaultError(error, `look at ${directory}/${name}`)
  }
}

function unsupportedName(directory: string, name: string): TaskVaultError {
  return new TaskVaultError(
    'NAME_UNSUPPORTED',
    `${JSON.stringify(name)} in ${directory} is not valid UTF-8`,
    { hint: 'Rename the file, or leave it out of the inputs and outputs.' },
  )
}
