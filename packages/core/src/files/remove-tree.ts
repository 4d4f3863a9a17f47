import { chmodSync, lstatSync, readdirSync, rmSync, rmdirSync, statSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { asTaskVaultError, systemErrorCode } from '../errors.ts'
import { holdDirectoryItself } from './held-directory.ts'

/** Others may put something in meanwhile. */
const MOST_ATTEMPTS = 5

/**
 * Removes a directory and all in it, read-only directories included; nothing when it is not there. Others may
 * remove it at the same time: it is gone when this returns.
 * @throws {TaskVaultError} PERMISSION_DENIED, IO_FAILED.
 */
export function removeTree(absoluteDirectory: string): void {
  removeInNodesWay(absoluteDirectory)
  for (let attempt = 1; ; attempt += 1) {
    try {
      return removeAll(absoluteDirectory)
    } catch (error) {
      if (!isOthersDoing(error) || attempt === MOST_ATTEMPTS)
        throw asTaskVaultError(error, `remove ${absoluteDirectory}`)
    }
  }
}

/**
 * However deep it is. Read-only directories are left, and so is the rest, without a word, where something goes
 * before Node comes to it.
 */
function removeInNodesWay(directory: string): void {
  try {
    rmSync(directory, { recursive: true, force: true })
  } catch {
    // Whatever it is: it is tried in our own way, which says why.
  }
}

/** Links are not followed, and neither is one that takes the place of a directory meanwhile. */
function removeAll(path: string): void {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  if (stats === undefined) return
  if (!stats.isDirectory()) return unlessGone(() => unlinkSync(path))
  unlessGone(() => {
    removeContents(path)
    rmdirSync(path)
  })
}

function removeContents(directory: string): void {
  using held = holdDirectoryItself(directory)
  const { accessPath } = held
  if ((statSync(accessPath).mode & 0o700) !== 0o700) chmodSync(accessPath, 0o700)
  for (const name of readdirSync(accessPath)) removeAll(join(accessPath, name))
}

/** Something was put in, or a directory in the place of what was none. */
function isOthersDoing(error: unknown): boolean {
  return ['ENOTEMPTY', 'EISDIR'].includes(systemErrorCode(error) ?? '')
}

function unlessGone(work: () => void): void {
  try {
    work()
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR'].includes(systemErrorCode(error) ?? '')) throw error
  }
}
