import { InvalidArgumentError, Option } from 'commander'
import type { Command } from 'commander'
import type { Cli } from '../../cli.ts'
import { renderKey } from '../../render/server-key.ts'
import { openServerOf } from '../open-server-of.ts'

interface Options {
  readonly role?: string
  readonly project?: string
  readonly writes?: string
  readonly read?: readonly string[]
  readonly address?: readonly string[]
  readonly expires?: number
}

export function registerKeysCreate(parent: Command, cli: Cli): void {
  parent
    .command('create')
    .description('Create an API key for the server; it is shown only once')
    .argument('<name>', 'who it is for: anna, jenkins-shop')
    .addOption(
      new Option('--role <role>', 'what it may do (default: engineer)').choices([
        'admin',
        'engineer',
        'viewer',
        'external',
      ]),
    )
    .option('--project <issuer:number>', 'the project it is for (default: local:default)')
    .option(
      '--writes <what>',
      '`own`, `nothing`, or level and ref: protected:refs/heads/main (default: own)',
    )
    .option(
      '--read <branch...>',
      'branches whose protected entries it reads (default: main master)',
    )
    .option(
      '--address <range...>',
      'addresses it works from, such as 10.0.0.0/8 (default: anywhere)',
    )
    .option('--expires <days>', 'how many days it works (default: 90)', parseDays)
    .action(cli.action((name: string, options: Options) => create(cli, name, options)))
}

function parseDays(text: string): number {
  const days = Number(text)
  if (/^\d{1,3}(\.\d{1,3})?$/.test(text) && days > 0 && days <= 366) return days
  throw new InvalidArgumentError('Use a number of days, up to 366.')
}

async function create(cli: Cli, name: string, options: Options): Promise<void> {
  const { role, project, writes, read, address, expires } = options
  const server = await openServerOf(cli)
  const { key, secret } = await server.createKey({
    name,
    ...(role !== undefined && { role }),
    ...(project !== undefined && { project }),
    ...(writes !== undefined && { writes }),
    ...(read !== undefined && { reads: read }),
    ...(address !== undefined && { addresses: address }),
    ...(expires !== undefined && { expiresInDays: expires }),
  })
  cli.voice.remark(renderKey(key, cli.host.now()))
  cli.voice.answer({ text: () => secret, data: () => ({ ...key, secret }) })
}
