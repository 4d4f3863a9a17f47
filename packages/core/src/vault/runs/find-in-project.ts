import { realpathSync } from 'node:fs'
import path from 'node:path'
import { directoriesAbove } from '../../files/directories-above.ts'
import { isWithin } from '../../files/is-within.ts'

/**
 * Where in the project an absolute path leads, relative to its root; '' for the root itself. Undefined when that is
 * outside. A checkout can have two names, one of them through a link; links inside of the project are names like
 * others, and what need not be there yet is taken as it is written.
 */
export function findInProject(absolutePath: string, projectRoot: string): string | undefined {
  if (isWithin(absolutePath, projectRoot)) return path.relative(projectRoot, absolutePath)
  const root = findReal(projectRoot)
  if (root === undefined) return undefined
  // From the root of the file system down.
  for (const place of [absolutePath, ...directoriesAbove(absolutePath)].toReversed()) {
    const real = findReal(place)
    if (real === undefined) return undefined
    if (isWithin(real, root))
      return path.join(path.relative(root, real), path.relative(place, absolutePath))
  }
  return undefined
}

function findReal(absolutePath: string): string | undefined {
  try {
    return realpathSync(absolutePath)
  } catch {
    return undefined
  }
}
