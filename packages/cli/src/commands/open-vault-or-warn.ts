import { asPassedOver } from '@taskvault/core'
import type { Vault } from '@taskvault/core'
import type { Cli } from '../cli.ts'

/**
 * Undefined, and a warning, when there is no vault to be had: that must not keep a task from being run.
 */
export async function openVaultOrWarn(
  cli: Cli,
  warn: (error: Error) => void,
): Promise<Vault | undefined> {
  try {
    return await cli.openVault()
  } catch (error) {
    warn(asPassedOver(error))
    return undefined
  }
}
