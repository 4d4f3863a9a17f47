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
 * Where a restore of `task` leaves word for the save, unless told: beside the cache, by project, as
 * projects may share one.
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
 * Undefined when there is none.
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

/** Makes sure that no save takes word of other work for its own. Never throws. */
export function removeBegunWork(absolutePath: string): void {
  try {
    rmSync(absolutePath, { force: true })
  } catch {
    // Whatever keeps it there keeps it from being written, too, and was told.
  }
}
