import { closeSync, constants, existsSync, openSync, readlinkSync, realpathSync } from 'node:fs'

/** A directory that is held itself, not by its name: a link put in its place changes nothing. */
export interface HeldDirectory extends Disposable {
  /** Where it lay when it was taken, all links resolved. */
  readonly realPath: string
  /** Leads to this very directory until it is disposed; names in it are put after this and a `/`. */
  readonly accessPath: string
}

/** Linux's flag for a descriptor that only names a place: needs no permission to read what is there. */
const O_PATH = 0o10_000_000
const DESCRIPTORS = '/proc/self/fd'
const CAN_HOLD = process.platform === 'linux' && existsSync(DESCRIPTORS)

/**
 * Takes hold of the directory that a path leads to. What the caller expects of `realPath` is checked
 * after this and not before, when it can no longer change.
 *
 * Where the system has no such descriptors, the directory is known by its real path, and whoever can
 * exchange it between this and its use wins the race.
 * Throws errors of the operating system: ENOENT, ENOTDIR, EACCES, …
 */
export function holdDirectory(path: string): HeldDirectory {
  if (!CAN_HOLD) {
    const realPath = realpathSync(path)
    return { realPath, accessPath: realPath, [Symbol.dispose]: () => {} }
  }
  return holdOpen(openSync(path, O_PATH | constants.O_DIRECTORY))
}

/**
 * Takes hold of a directory that has this very name: never of one that a link of this name leads to. Where the system
 * has no such descriptors, whoever can exchange it between this and its use wins the race, as above.
 * Throws errors of the operating system: ENOENT, ENOTDIR, EACCES, …
 */
export function holdDirectoryItself(path: string): HeldDirectory {
  if (!CAN_HOLD) return { realPath: path, accessPath: path, [Symbol.dispose]: () => {} }
  return holdOpen(openSync(path, O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW))
}

function holdOpen(descriptor: number): HeldDirectory {
  const accessPath = `${DESCRIPTORS}/${descriptor}`
  try {
    const realPath = readlinkSync(accessPath)
    return { realPath, accessPath, [Symbol.dispose]: () => closeSync(descriptor) }
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
}
