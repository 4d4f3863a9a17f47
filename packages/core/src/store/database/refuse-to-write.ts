import { TaskVaultError } from '../../errors.ts'

/** Why nothing is written to an index that is open for reading only. */
export function refuseToWrite(file: string): TaskVaultError {
  const hint = 'Check who owns the cache directory and its mode.'
  const message = `Could not write ${file}: it is open for reading only`
  return new TaskVaultError('PERMISSION_DENIED', message, { hint })
}
