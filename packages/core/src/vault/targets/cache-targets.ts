import { homedir } from 'node:os'
import path from 'node:path'
import { TaskVaultError } from '../../errors.ts'
import { isWithin } from '../../files/is-within.ts'
import { relativePathOf } from '../../files/relative-path-of.ts'
import { RESERVED_NAMES } from '../../files/reserved-names.ts'
import type { OutputTarget } from '../vault.ts'
import { findOutputTargets } from './output-targets.ts'
import type { OutputPlaces } from './output-targets.ts'

export interface CachePlaces extends OutputPlaces {
  readonly env: Readonly<Record<string, string | undefined>>
}

/** Directories whose owners trust what lies there, whoever's project they belong to. */
const RESERVED: ReadonlySet<string> = new Set([...RESERVED_NAMES, '.ssh', '.gnupg'])

/**
 * Where the paths of a cache lie: within the project like a task's outputs, and elsewhere too, as tools
 * keep their caches at home. `~/` is the home directory; what lies there is called so, and is found in
 * the home directory of whoever restores it.
 * @throws {TaskVaultError} OUTPUT_FORBIDDEN when one would take the home directory, the project, a
 * repository, keys or the vault with it.
 */
export function findCacheTargets(
  paths: readonly string[],
  places: CachePlaces,
): readonly OutputTarget[] {
  const home = homeOf(places)
  return paths.flatMap((given) => {
    const absolutePath = resolveCachePath(given, { projectRoot: places.projectRoot, home })
    if (isWithin(absolutePath, places.projectRoot)) {
      return findOutputTargets([absolutePath], places)
    }
    const protectedPaths = [home, places.projectRoot, places.cacheDirectory]
    const taken = protectedPaths.find((each) => isWithin(each, absolutePath))
    if (taken !== undefined) throw forbidden(given, `${taken} is inside it`)
    if (isWithin(absolutePath, places.cacheDirectory))
      throw forbidden(given, 'it is inside the vault')
    const reserved = absolutePath.split(path.sep).find(isReserved)
    if (reserved !== undefined) throw forbidden(given, `nothing is restored into ${reserved}`)
    return [{ declaredAs: nameElsewhere(absolutePath, home), absolutePath }]
  })
}

/** However it is written: on many disks, `.SSH` is `.ssh`. */
export function isReserved(name: string): boolean {
  return RESERVED.has(name.toLowerCase())
}

/** What `~` stands for; a variable that is empty names no directory. */
export function homeOf({ env }: Pick<CachePlaces, 'env'>): string {
  const { HOME = '' } = env
  return HOME === '' ? homedir() : HOME
}

/** Absolute, of a path that is relative to the project, absolute, or below `~/`. */
export function resolveCachePath(
  given: string,
  { projectRoot, home }: { readonly projectRoot: string; readonly home: string },
): string {
  return given.startsWith('~/') ? path.join(home, given.slice(2)) : path.resolve(projectRoot, given)
}

/** What an output is called that does not lie in the project. */
export function nameElsewhere(absolutePath: string, home: string): string {
  if (!isWithin(absolutePath, home)) return absolutePath
  return `~/${relativePathOf(absolutePath, home)}`
}

function forbidden(given: string, reason: string): TaskVaultError {
  return new TaskVaultError(
    'OUTPUT_FORBIDDEN',
    `Path ${JSON.stringify(given)} is refused: ${reason}`,
    {
      hint: 'Name the directory that the tool keeps for itself.',
    },
  )
}
