import { createRunVault } from '@taskvault/core'
import type { RunVault } from '@taskvault/core'
import type { Cli } from '../cli.ts'
import { openVaultOrWarn } from './open-vault-or-warn.ts'

/** The vault as runs see it; undefined, and a warning, when there is none to be had. */
export async function openRunVault(
  cli: Cli,
  warn: (error: Error) => void,
): Promise<RunVault | undefined> {
  const vault = await openVaultOrWarn(cli, warn)
  if (vault === undefined) return undefined
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
