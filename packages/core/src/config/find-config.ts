import { lstatSync, statSync } from 'node:fs'
import path from 'node:path'
import { asTaskVaultError } from '../errors.ts'

/** Where `taskvault init` writes, relative to the project root. */
export const CONFIG_PATH: string = path.join('.taskvault', 'config.yaml')

/**
 * The configuration file of the project around `directory`: in the directory itself, or in the
 * nearest one above it, up to the root of the git repository. Outside of a repository only the
 * directory itself is looked at, so that what lies in a home directory is nobody's by accident.
 * @throws {TaskVaultError} PERMISSION_DENIED, or IO_FAILED, when it cannot be told whether there is one.
 */
export function findConfig(directory: string): string | undefined {
  const own = path.join(directory, CONFIG_PATH)
  if (isFile(own)) return own
  let above = directory
  let found: string | undefined
  while (!isRepositoryRoot(above)) {
    const parent = path.dirname(above)
    if (parent === above) return undefined
    above = parent
    found ??= ownConfigIn(above, directory)
  }
  return found
}

/** A configuration names commands to run: one that another user put above us is not ours. */
function ownConfigIn(above: string, directory: string): string | undefined {
  const candidate = path.join(above, CONFIG_PATH)
  return isFile(candidate) && statSync(candidate).uid === statSync(directory).uid
    ? candidate
    : undefined
}

function isFile(absolutePath: string): boolean {
  try {
    return statSync(absolutePath, { throwIfNoEntry: false })?.isFile() === true
  } catch (error) {
    throw asTaskVaultError(error, `look for a configuration at ${absolutePath}`)
  }
}

function isRepositoryRoot(directory: string): boolean {
  return lstatSync(path.join(directory, '.git'), { throwIfNoEntry: false }) !== undefined
}
