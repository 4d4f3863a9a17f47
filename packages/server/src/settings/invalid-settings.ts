import { TaskVaultError } from '@taskvault/core'

/** Settings that are each allowed, and together are not. */
export function invalidSettings(message: string, hint: string): TaskVaultError {
  return new TaskVaultError('CONFIG_INVALID', message, { hint })
}
