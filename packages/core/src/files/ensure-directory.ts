import { mkdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { systemErrorCode } from '../errors.ts'

/**
 * Creates a directory and its missing parents, unless it exists. Node's own recursive `mkdir` never ends on a file
 * system that answers ENOENT for a new name, as /proc and automounted places do.
 * @throws the system's error: EACCES, ENOTDIR, EEXIST if a file is in the way, …
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
