import { lstatSync, statSync } from 'node:fs'
import type { Stats } from 'node:fs'
import path from 'node:path'
import { TaskVaultError, asTaskVaultError } from '../errors.ts'

/** Where `taskvault init` writes, relative to the project root. */
export const CONFIG_PATH: string = path.join('.taskvault', 'config.yaml')

/**
 * The configuration file of the project around `directory`: in the directory itself, or in the
 * nearest one above it, up to the root of the git repository. Outside of a repository only the
 * directory itself is looked at, so that what lies in a home directory is nobody's by accident.
 * @throws {TaskVaultError} CONFIG_INVALID when what lies there is no file; PERMISSION_DENIED, or IO_FAILED,
 * when it cannot be told whether there is one.
 */
export function findConfig(directory: string): string | undefined {
  const found = findPlaced(directory)
  if (found !== undefined) refuseUnlessFile(found)
  return found?.absolutePath
}

/** What lies where a configuration is looked for. */
interface Placed {
  readonly absolutePath: string
  readonly stats: Stats
}

function findPlaced(directory: string): Placed | undefined {
  const own = placedIn(directory)
  if (own !== undefined) return own
  let above = directory
  let found: Placed | undefined
  while (!isRepositoryRoot(above)) {
    const parent = path.dirname(above)
    if (parent === above) return undefined
    above = parent
    found ??= ownPlacedIn(above, directory)
  }
  return found
}

/** A configuration names commands to run: one that another user put above us is not ours. */
function ownPlacedIn(above: string, directory: string): Placed | undefined {
  const placed = placedIn(above)
  return placed?.stats.uid === statSync(directory).uid ? placed : undefined
}

function placedIn(directory: string): Placed | undefined {
  const absolutePath = path.join(directory, CONFIG_PATH)
  try {
    const options = { throwIfNoEntry: false } as const
    // A link that leads nowhere was meant to be one too.
    const stats = statSync(absolutePath, options) ?? lstatSync(absolutePath, options)
    // Whoever puts /dev/null there hides what was there, as containers do.
    return stats === undefined || stats.isCharacterDevice() ? undefined : { absolutePath, stats }
  } catch (error) {
    throw asTaskVaultError(error, `look for a configuration at ${absolutePath}`)
  }
}

/** To pass it over would be to do without all that it was to say, secrets among it. */
function refuseUnlessFile({ absolutePath, stats }: Placed): void {
  if (stats.isFile()) return
  const kind = stats.isDirectory()
    ? 'a directory'
    : stats.isSymbolicLink()
      ? 'a link that leads nowhere'
      : 'no regular file'
  throw new TaskVaultError(
    'CONFIG_INVALID',
    `The configuration ${absolutePath} cannot be read: it is ${kind}`,
    { hint: 'Put a file there, or remove it to use the defaults.' },
  )
}

function isRepositoryRoot(directory: string): boolean {
  return lstatSync(path.join(directory, '.git'), { throwIfNoEntry: false }) !== undefined
}
