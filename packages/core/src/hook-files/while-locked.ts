import { rmdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { acquireLock } from '../store/locks/lock-file.ts'
import { ownDirectoryIn } from './install-record.ts'

/**
 * Does `work` while nobody else changes hooks of ours in this repository: of two installations that
 * start together, one finds the other's.
 * @throws {TaskVaultError} PERMISSION_DENIED, DISK_FULL, DATABASE_UNAVAILABLE when there can be no lock.
 */
export async function whileLocked<Result>(
  commonDirectory: string,
  work: () => Result,
): Promise<Result> {
  const own = ownDirectoryIn(commonDirectory)
  const lockPath = join(own, 'hooks.lock')
  await using _lock = await acquireLock(lockPath)
  try {
    return work()
  } finally {
    leaveNothing(lockPath, own)
  }
}

/** Removed while it is held: whoever waits for the lock sees that its file is another one now. */
function leaveNothing(lockPath: string, own: string): void {
  try {
    rmSync(lockPath)
    rmdirSync(own)
  } catch {
    // Hooks are installed, or this system keeps files that are open.
  }
}
