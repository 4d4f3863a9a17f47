import { TaskVaultError } from '../../errors.ts'

/** Why nothing is written to a cache whose index could be opened for reading only. */
export function refuseToWrite(cacheDirectory: string): TaskVaultError {
  const hint = 'Check who owns the cache directory and its mode.'
  const message = `This user may not write to the cache in ${cacheDirectory}`
  return new TaskVaultError('PERMISSION_DENIED', message, { hint })
}
