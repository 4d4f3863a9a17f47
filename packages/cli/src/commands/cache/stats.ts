import type { Command } from 'commander'
import type { Cli } from '../../cli.ts'
import { renderStats, renderStatsDetails } from '../../render/cache-lines.ts'

interface Options {
  readonly details?: boolean
}

export function registerCacheStats(parent: Command, cli: Cli): void {
  parent
    .command('stats')
    .description('Show how much is stored')
    .option('--details', 'also print hits, misses, and the time saved')
    .action(cli.action((options: Options) => printStats(cli, options)))
}

async function printStats(cli: Cli, { details = false }: Options): Promise<void> {
  const vault = await cli.openVault()
  const stats = vault.stats()
  cli.voice.answer({
    text: () =>
      details ? `${renderStats(stats)}\n${renderStatsDetails(stats)}` : renderStats(stats),
    data: () => stats,
  })
}
