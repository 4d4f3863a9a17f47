import { createRunVault, isPassedOver, isTaskVaultError } from '@taskvault/core'
import type { RunVault, Vault } from '@taskvault/core'
import type { Cli } from '../cli.ts'

/**
 * Undefined, and a warning, when there is no vault to be had: that must not keep the task from
 * being run.
 */
export async function openRunVault(
  cli: Cli,
  warn: (error: Error) => void,
): Promise<RunVault | undefined> {
  let vault: Vault
  try {
    vault = await cli.openVault()
  } catch (error) {
    if (!isTaskVaultError(error) || !isPassedOver(error)) throw error
    warn(error)
    return undefined
  }
  const runVault = createRunVault(vault)
  return {
    ...runVault,
    async stage(request) {
      const staged = await runVault.stage(request)
      // Also when a signal ends us: what was staged beside the outputs must not stay there.
      return staged.kind === 'hit' ? cli.closeAtEnd(staged) : staged
    },
  }
}
