import { tailAudit } from '@taskvault/core'
import type { Command } from 'commander'
import { parseCount } from '../../arguments/option-values.ts'
import type { Cli } from '../../cli.ts'

interface Options {
  readonly lines: number
}

export function registerAuditTail(parent: Command, cli: Cli): void {
  parent
    .command('tail')
    .description('Print the last lines of the audit log')
    .option('-n, --lines <count>', 'how many', parseCount, 20)
    .action(cli.action((options: Options) => tail(cli, options)))
}

async function tail(cli: Cli, { lines }: Options): Promise<void> {
  const { cacheDirectory } = await cli.settings()
  const found = tailAudit(cacheDirectory, lines)
  if (found.length === 0 && !cli.options.json) return
  cli.voice.answer({ text: () => found.join('\n'), data: () => ({ lines: found }) })
}
