import type { ServerKey } from '@taskvault/core'
import type { Command } from 'commander'
import type { Cli } from '../../cli.ts'
import { renderExpiry } from '../../render/entry.ts'
import { renderTable } from '../../render/table.ts'
import { openServerOf } from '../open-server-of.ts'

export function registerKeysList(parent: Command, cli: Cli): void {
  parent
    .command('list')
    .description('List the API keys of the server, without their secrets')
    .action(cli.action(() => list(cli)))
}

const HEADER = ['id', 'name', 'role', 'project', 'writes', 'expires', 'from']

async function list(cli: Cli): Promise<void> {
  const server = await openServerOf(cli)
  const keys = await server.listKeys()
  const nowMs = cli.host.now()
  cli.voice.answer({
    text: () =>
      renderTable(
        keys.map((key) => rowOf(key, nowMs)),
        { header: HEADER },
      ),
    data: () => ({ keys }),
  })
}

function rowOf(key: ServerKey, nowMs: number): readonly string[] {
  const { id, name, role, project, writes, addresses, expiresAtMs, revokedAtMs } = key
  return [
    id,
    name,
    role,
    project,
    writes,
    revokedAtMs === undefined ? renderExpiry(expiresAtMs, nowMs) : 'revoked',
    addresses.length === 0 ? 'anywhere' : addresses.join(' '),
  ]
}
