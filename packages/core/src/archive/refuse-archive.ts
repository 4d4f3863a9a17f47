import { TaskVaultError } from '../errors.ts'

/** Of an archive that nobody may have made in good faith, or that is not whole. */
export function refuseArchive(detail: string): TaskVaultError {
  return new TaskVaultError('ENTRY_DAMAGED', `An archive was refused: ${detail}`)
}
