import { TaskVaultError } from '@taskvault/core'
import type { Command } from 'commander'
import type { Cli } from '../../cli.ts'
import { openServerOf } from '../open-server-of.ts'

export function registerKeysRevoke(parent: Command, cli: Cli): void {
  parent
    .command('revoke')
    .description('Revoke an API key of the server, and every session that it opened')
    .argument('<id>', 'the key’s id, from `taskvault keys list`')
    .action(cli.action((id: string) => revoke(cli, id)))
}

async function revoke(cli: Cli, id: string): Promise<void> {
  const server = await openServerOf(cli)
  if (!(await server.revokeKey(id))) {
    throw new TaskVaultError('NOT_FOUND', `The server has no key ${JSON.stringify(id)} to revoke`, {
      hint: 'Its id is in the first column of `taskvault keys list`.',
    })
  }
  cli.voice.confirm({
    text: () => `${cli.voice.style('green', '✓')} Revoked ${id}`,
    data: () => ({ revoked: id }),
  })
}
