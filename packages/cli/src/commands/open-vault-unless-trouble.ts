import { asCacheTrouble } from '@taskvault/core'
import type { ChangeReason, Vault } from '@taskvault/core'
import type { Cli } from '../cli.ts'

/** The vault, or why nothing can be found in it now: that is a miss, and no failure. */
export async function openVaultUnlessTrouble(
  cli: Cli,
): Promise<Vault | Extract<ChangeReason, { kind: 'unavailable' }>> {
  try {
    return await cli.openVault()
  } catch (error) {
    return { kind: 'unavailable', detail: asCacheTrouble(error).message }
  }
}
