import { verifyAudit } from '@taskvault/core'
import type { Command } from 'commander'
import type { Cli } from '../../cli.ts'
import { EXIT } from '../../exit-codes.ts'
import { describeAudit } from '../../render/findings.ts'

export function registerAuditVerify(parent: Command, cli: Cli): void {
  parent
    .command('verify')
    .description('Check that no line of the audit log was changed, removed or moved')
    .action(cli.action(() => verify(cli)))
}

async function verify(cli: Cli): Promise<number> {
  const vault = await cli.openVault()
  const verdict = verifyAudit(vault.store)
  const isSound = verdict.kind === 'sound'
  const mark = isSound ? cli.voice.style('green', '✓') : cli.voice.style('red', '✗')
  cli.voice.answer({
    text: () => `${mark} ${isSound ? 'audit.log: ' : ''}${describeAudit(verdict)}`,
    data: () => verdict,
  })
  return isSound ? EXIT.ok : EXIT.damaged
}
