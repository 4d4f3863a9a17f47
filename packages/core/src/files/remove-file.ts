import { unlinkSync } from 'node:fs'
import { asTaskVaultError, systemErrorCode } from '../errors.ts'

/**
 * Removes a file; nothing when it is not there. Not by `rmSync`: of some failures, that one does not
 * say what the system answered.
 * @throws {TaskVaultError} PERMISSION_DENIED, IO_FAILED.
 */
export function removeFile(absolutePath: string): void {
  try {
    unlinkSync(absolutePath)
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw asTaskVaultError(error, `remove ${absolutePath}`)
  }
}
