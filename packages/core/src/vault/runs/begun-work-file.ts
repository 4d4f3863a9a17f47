import { readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import type { Settings } from '../../config/settings.ts'
import { asTaskVaultError, systemErrorCode } from '../../errors.ts'
import { ensureDirectory } from '../../files/ensure-directory.ts'
import { writeAtomically } from '../../files/write-atomically.ts'
import { sha256 } from '../../hashing/sha256.ts'
import { encodeBegunWork, parseBegunWork } from '../../model/begun-work.ts'
import type { BegunWork } from '../../model/begun-work.ts'
import type { TaskName } from '../../model/task.ts'

/** Digits of a digest that are enough to tell tasks and projects apart. */
const NAME_DIGITS = 32

/**
 * Returns the default path of the notes that a restore of `task` leaves for the save: in the cache directory, named by
 * project too, because projects can share a cache.
 */
export function begunWorkPath({ cacheDirectory, projectRoot }: Settings, task: TaskName): string {
  const digest = Buffer.from(sha256.hash(Buffer.from(`${projectRoot}\0${task}`))).toString('hex')
  return path.join(cacheDirectory, 'begun', `${digest.slice(0, NAME_DIGITS)}.json`)
}

/** @throws {TaskVaultError} DISK_FULL, PERMISSION_DENIED, IO_FAILED. */
export function writeBegunWork(absolutePath: string, work: BegunWork): void {
  try {
    ensureDirectory(path.dirname(absolutePath))
    writeAtomically(absolutePath, Buffer.from(encodeBegunWork(work)), { mode: 0o600 })
  } catch (error) {
    removeBegunWork(absolutePath)
    throw asTaskVaultError(error, `write ${absolutePath}`)
  }
}

/**
 * Reads the notes of a restore; undefined when there are none.
 * @throws {TaskVaultError} FORMAT_UNSUPPORTED, ENTRY_DAMAGED, PERMISSION_DENIED, IO_FAILED.
 */
export function readBegunWork(absolutePath: string): BegunWork | undefined {
  try {
    return parseBegunWork(readFileSync(absolutePath, 'utf8'))
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined
    throw asTaskVaultError(error, `read ${absolutePath}`)
  }
}

/** Removes the notes, so that no save takes those of other work for its own. Never throws. */
export function removeBegunWork(absolutePath: string): void {
  try {
    rmSync(absolutePath, { force: true })
  } catch {
    // Whatever keeps it there keeps it from being written, too, and was told.
  }
}
