import { mkdirSync, realpathSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { TaskVaultError, asTaskVaultError, systemErrorCode } from '../errors.ts'
import { holdDirectory } from '../files/held-directory.ts'
import type { HeldDirectory } from '../files/held-directory.ts'
import { isWithin } from '../files/is-within.ts'
import { removeTree } from '../files/remove-tree.ts'

/**
 * The directories that a restore works in. Everything is written through them: they are held from
 * their first use on, so that a link put in the place of one of them meanwhile leads nowhere.
 */
export interface OutputPlaces extends Disposable {
  /**
   * A directory beside the output that `finalPath` belongs to, on the same file system, in which
   * nobody else can look; made on first use, with the directories that the output lies in.
   * @throws {TaskVaultError} OUTPUT_BLOCKED when it would lie outside of the project; PERMISSION_DENIED, DISK_FULL, …
   */
  stagingOf(finalPath: string): string
  /**
   * The directory that `finalPath` is a name in, to be used before the next call.
   * @throws {TaskVaultError} OUTPUT_BLOCKED when a link has taken its place.
   */
  directoryOf(finalPath: string): string
}

export interface PlacesOptions {
  readonly outputs: readonly PlacedOutput[]
  /** Outputs in here stay in here, whatever is linked to where. */
  readonly projectRoot: string
  /** A new name for a staging directory. */
  stagingName(): string
  /** Told of a staging directory just before it is made. */
  onStaging(absolutePath: string): void
}

interface PlacedOutput {
  readonly absolutePath: string
  /** Absolute: from here on down, no link is followed on the way to the output. */
  readonly anchor?: string
}

/** An output's directory, and what is staged in it. */
interface Place {
  readonly directory: HeldDirectory
  staging: HeldDirectory | undefined
}

export function createOutputPlaces(options: PlacesOptions): OutputPlaces {
  const parents = new Set(options.outputs.map(({ absolutePath }) => dirname(absolutePath)))
  const anchors = [...new Set(options.outputs.flatMap(({ anchor }) => anchor ?? []))]
  const bounds = { projectRoot: options.projectRoot, anchors }
  const places = new Map<string, Place>()
  // The restore goes from one directory to the next, and may go through more than can be open.
  let current: { readonly path: string; readonly held: HeldDirectory } | undefined

  function placeAt(parent: string): Place {
    const known = places.get(parent)
    if (known !== undefined) return known
    const place = { directory: holdInBounds(parent, bounds), staging: undefined }
    places.set(parent, place)
    return place
  }

  function release(): void {
    current?.held[Symbol.dispose]()
    current = undefined
  }

  return {
    stagingOf(finalPath) {
      const parent = parentOf(finalPath, parents)
      try {
        const place = placeAt(parent)
        place.staging ??= makeStaging(place.directory, parent, options)
        return place.staging.accessPath
      } catch (error) {
        throw asTaskVaultError(error, `write to ${parent}`)
      }
    },
    directoryOf(finalPath) {
      const directory = dirname(finalPath)
      if (current?.path === directory) return current.held.accessPath
      release()
      const parent = parentOf(finalPath, parents)
      const place = placeAt(parent)
      if (directory === parent) return place.directory.accessPath
      current = { path: directory, held: holdBelow(place.directory, relative(parent, directory)) }
      return current.held.accessPath
    },
    [Symbol.dispose]() {
      release()
      using stack = new DisposableStack()
      for (const place of places.values()) stack.defer(() => leave(place))
      places.clear()
    },
  }
}

function leave({ directory, staging }: Place): void {
  using held = directory
  if (staging === undefined) return
  staging[Symbol.dispose]()
  removeTree(join(held.accessPath, basename(staging.realPath)))
}

/** The directory of the output that a path lies in. */
function parentOf(finalPath: string, parents: ReadonlySet<string>): string {
  for (let parent = dirname(finalPath); ; parent = dirname(parent)) {
    if (parents.has(parent)) return parent
    if (parent === dirname(parent)) throw new Error(`${finalPath} is not inside any output`)
  }
}

interface Bounds {
  readonly projectRoot: string
  readonly anchors: readonly string[]
}

/** Takes hold of the directory of an output, and makes it when it is not there. */
function holdInBounds(directory: string, bounds: Bounds): HeldDirectory {
  const held = holdOrMake(directory, bounds)
  try {
    checkInProject(held, directory, bounds.projectRoot)
    for (const anchor of bounds.anchors) checkBelow(held, directory, anchor)
    return held
  } catch (error) {
    held[Symbol.dispose]()
    throw error
  }
}

function holdOrMake(directory: string, bounds: Bounds): HeldDirectory {
  try {
    return holdDirectory(directory)
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT' || directory === dirname(directory)) throw error
  }
  // Checked before anything is made in it.
  using above = holdInBounds(dirname(directory), bounds)
  makeUnlessThere(join(above.accessPath, basename(directory)))
  return holdBelow(above, basename(directory))
}

function makeUnlessThere(directory: string): void {
  try {
    mkdirSync(directory)
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw error
  }
}

/** An output that is named within the project lies within it; one that is named elsewhere lies there. */
function checkInProject(held: HeldDirectory, directory: string, projectRoot: string): void {
  if (!isWithin(directory, projectRoot) || isWithin(held.realPath, realpathSync(projectRoot)))
    return
  throw blocked(directory, 'a symlink on the way points outside the project')
}

/** What a pattern finds, it finds behind no link; nor is anything put there. */
function checkBelow(held: HeldDirectory, directory: string, anchor: string): void {
  if (!isWithin(directory, anchor)) return
  if (held.realPath === join(realpathSync(anchor), relative(anchor, directory))) return
  throw blocked(directory, `a symlink on the way points outside ${anchor}`)
}

/** Takes hold of what lies under a held directory by its real names, and by no link. */
function holdBelow(above: HeldDirectory, relativePath: string): HeldDirectory {
  const held = holdDirectory(join(above.accessPath, relativePath))
  const expected = join(above.realPath, relativePath)
  if (held.realPath === expected) return held
  held[Symbol.dispose]()
  throw blocked(expected, 'a symlink has taken its place, or that of a directory above it')
}

function makeStaging(
  directory: HeldDirectory,
  parent: string,
  options: PlacesOptions,
): HeldDirectory {
  const name = options.stagingName()
  options.onStaging(join(parent, name))
  mkdirSync(join(directory.accessPath, name), { mode: 0o700 })
  try {
    return holdBelow(directory, name)
  } catch (error) {
    removeTree(join(directory.accessPath, name))
    throw error
  }
}

function blocked(path: string, reason: string): TaskVaultError {
  return new TaskVaultError('OUTPUT_BLOCKED', `Could not write to ${path}: ${reason}`, {
    hint: 'Remove the symlink, or declare the outputs where they really are.',
  })
}
