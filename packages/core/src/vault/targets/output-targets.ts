import { realpathSync } from 'node:fs'
import path from 'node:path'
import { systemErrorCode, TaskVaultError } from '../../errors.ts'
import { isWithin } from '../../files/is-within.ts'
import { namesAbove } from '../../files/names-above.ts'
import { RESERVED_NAMES } from '../../files/reserved-names.ts'
import { isOddOnWindows } from '../../model/tree.ts'
import type { OutputTarget } from '../vault.ts'

export interface OutputPlaces {
  /** Absolute. */
  readonly projectRoot: string
  /** Absolute; may lie within the project. */
  readonly cacheDirectory: string
  /** This one unless told. */
  readonly platform?: NodeJS.Platform
}

/**
 * Where a task's declared outputs lie. An output within another one is part of that one. Names are
 * made uniform: relative, with `/`, without `.` and without a slash at the end.
 * @throws {TaskVaultError} OUTPUT_FORBIDDEN when one is not within the project, lies behind a symlink
 * that leads out of it, or would take the project, a repository or the cache with it.
 */
export function findOutputTargets(
  outputs: readonly string[],
  places: OutputPlaces,
): readonly OutputTarget[] {
  const known = new Map<string, string>()
  const names = new Set(outputs.map((output) => declaredName(output, places, known)))
  const outermost = [...names].filter(
    (name) => !namesAbove(name).some((ancestor) => names.has(ancestor)),
  )
  return outermost.map((name) => ({
    declaredAs: name,
    absolutePath: path.join(places.projectRoot, name),
  }))
}

/** @param known real paths of directories. */
function declaredName(output: string, places: OutputPlaces, known: Map<string, string>): string {
  const { projectRoot, cacheDirectory, platform = process.platform } = places
  const absolutePath = path.resolve(projectRoot, output)
  const relativePath = path.relative(projectRoot, absolutePath)
  if (output === '' || output.includes('\0')) throw forbidden(output, 'it is not a path')
  // Nobody else expands it here, and whoever writes it means it.
  if (/^~(?:[/\\]|$)/.test(output))
    throw forbidden(output, 'the home directory is not inside the project; ./~ names one called ~')
  if (relativePath === '') throw forbidden(output, 'it is the whole project')
  if (!isWithin(absolutePath, projectRoot))
    throw forbidden(output, `it is not inside the project (${projectRoot})`)
  const segments = relativePath.split(path.sep)
  const reserved = [...RESERVED_NAMES].find((name) =>
    segments.some((segment) => segment.toLowerCase() === name),
  )
  if (reserved !== undefined) throw forbidden(output, `nothing is ever restored into ${reserved}`)
  const odd = platform === 'win32' ? segments.find(isOddOnWindows) : undefined
  if (odd !== undefined) throw forbidden(output, `Windows has no files named ${odd}`)
  if (isWithin(cacheDirectory, absolutePath)) throw forbidden(output, 'the cache is inside it')
  if (isWithin(absolutePath, cacheDirectory)) throw forbidden(output, 'it is inside the cache')
  if (!isWithin(realPathOf(path.dirname(absolutePath), known), realPathOf(projectRoot, known))) {
    throw forbidden(output, 'a symlink on the way points outside the project')
  }
  return segments.join('/')
}

/** Without symlinks, as far as it exists. */
function realPathOf(absolutePath: string, known: Map<string, string>): string {
  const realPath = known.get(absolutePath) ?? findRealPath(absolutePath, known)
  known.set(absolutePath, realPath)
  return realPath
}

function findRealPath(absolutePath: string, known: Map<string, string>): string {
  try {
    return realpathSync(absolutePath)
  } catch (error) {
    const parent = path.dirname(absolutePath)
    if (systemErrorCode(error) !== 'ENOENT' || parent === absolutePath) return absolutePath
    return path.join(realPathOf(parent, known), path.basename(absolutePath))
  }
}

function forbidden(output: string, reason: string): TaskVaultError {
  return new TaskVaultError(
    'OUTPUT_FORBIDDEN',
    `Output ${JSON.stringify(output)} is refused: ${reason}`,
    {
      hint: 'Name files and directories inside the project that only the task writes.',
    },
  )
}
