import { chmodSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { systemErrorCode, TaskVaultError } from '../errors.ts'

/**
 * Replaces git's configuration file as git does: by a lock file beside it that becomes the file.
 * @throws {TaskVaultError} GIT_FAILED while somebody else writes it.
 */
export function replaceConfiguration(configurationPath: string, bytes: Uint8Array): void {
  const target = realpathSync(configurationPath)
  const lock = `${target}.lock`
  try {
    writeFileSync(lock, bytes, { flag: 'wx' })
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw error
    throw new TaskVaultError('GIT_FAILED', `${lock} exists: git is writing its configuration`, {
      hint: 'Try again. If no git is running, remove that file.',
      cause: error,
    })
  }
  try {
    chmodSync(lock, statSync(target).mode)
    renameSync(lock, target)
  } catch (error) {
    rmSync(lock, { force: true })
    throw error
  }
}
