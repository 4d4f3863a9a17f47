import { mkdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { systemErrorCode } from '../errors.ts'

/**
 * Makes a directory, and those above it that are missing; one that is there already is fine. Node's own way
 * of making all of them never ends where a file system says of a new name that there is no such directory,
 * as /proc does, and places that are mounted on demand.
 * @throws what the system says: EACCES, ENOTDIR, EEXIST of a file, …
 */
export function ensureDirectory(absolutePath: string, mode = 0o777): void {
  try {
    mkdirSync(absolutePath, { mode })
  } catch (error) {
    if (isDirectory(absolutePath)) return
    const above = path.dirname(absolutePath)
    if (systemErrorCode(error) !== 'ENOENT' || above === absolutePath) throw error
    ensureDirectory(above, mode)
    makeBelow(absolutePath, mode)
  }
}

/** Of two that make the same at once, one comes second. */
function makeBelow(absolutePath: string, mode: number): void {
  try {
    mkdirSync(absolutePath, { mode })
  } catch (error) {
    if (!isDirectory(absolutePath)) throw error
  }
}

function isDirectory(absolutePath: string): boolean {
  try {
    return statSync(absolutePath).isDirectory()
  } catch {
    return false
  }
}
