import type { Stats } from 'node:fs'
import { isTaskVaultError } from '../../errors.ts'
import type { HashAlgorithm } from '../../hashing/hash-algorithm.ts'
import { runToEnd } from '../contents/read-content.ts'
import { digestNames } from './digest-names.ts'
import { identityOf, lookAtDirectory } from './directory-identity.ts'
import { encodeListing } from './listing.ts'
import { asObservation, listNames, observeDirectory } from './observe-directory.ts'
import type { Observation } from './observe-directory.ts'

/** A directory whose files were read. */
export interface ReadDirectory {
  readonly path: string
  /** An encoded listing without node. */
  readonly row: Uint8Array
}

interface ReadOptions {
  readonly algorithm: HashAlgorithm
  /** A time before the first look: files changed since are read again by whoever needs them. */
  readonly checkedAtMs: number
}

/**
 * Reads the files of a tree, a directory at a time, in the reverse of the order in which a scan does. What
 * cannot be read is left out: the scan comes to it, and says why.
 */
export function* readBackwards(root: string, options: ReadOptions): Generator<ReadDirectory> {
  const open = [enter(root, lookAtDirectory(root))].filter((found) => found !== undefined)
  for (let current = open.at(-1); current !== undefined; current = open.at(-1)) {
    const [name, stats] = current.unread.pop() ?? []
    if (name === undefined) {
      open.pop()
      const row = digest(current, options)
      if (row !== undefined) yield { path: current.path, row }
    } else {
      const entered = enter(`${current.path}/${name}`, stats)
      if (entered !== undefined) open.push(entered)
    }
  }
}

/** A directory whose names are known, and whose subdirectories are read first. */
interface OpenDirectory {
  readonly path: string
  /** Before its names were read. */
  readonly stats: Stats | undefined
  readonly observed: Observation
  readonly unread: [name: string, stats: Stats][]
}

function enter(path: string, stats: Stats | undefined): OpenDirectory | undefined {
  return unlessUnreadable(() => {
    const found = observeDirectory(path, listNames(path), undefined)
    const observed = asObservation(found, undefined)
    return { path, stats, observed, unread: [...found.directories] }
  })
}

function digest(
  { path, stats, observed }: OpenDirectory,
  { algorithm, checkedAtMs }: ReadOptions,
): Uint8Array | undefined {
  return unlessUnreadable(() => {
    const options = { context: { algorithm }, checkedAtMs }
    const { listing } = runToEnd(digestNames(path, { observed, earlier: undefined }, options))
    return encodeListing({ ...listing, self: identityOf(stats, checkedAtMs) })
  })
}

function unlessUnreadable<Result>(read: () => Result): Result | undefined {
  try {
    return read()
  } catch (error) {
    if (isTaskVaultError(error)) return undefined
    throw error
  }
}
