import { lstatSync } from 'node:fs'
import { systemErrorCode } from '../errors.ts'

/** Below a file, at the end of links in a circle, and under a name that no directory can hold is nothing. */
const NOTHING = ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG']

/** Whether something lies at a path, be it a link to nothing. */
export function isThere(absolutePath: string): boolean {
  try {
    return lstatSync(absolutePath, { throwIfNoEntry: false }) !== undefined
  } catch (error) {
    if (NOTHING.includes(systemErrorCode(error) ?? '')) return false
    throw error
  }
}
