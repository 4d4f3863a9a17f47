import { evictIfNeeded } from '@taskvault/core'
import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { formatBytes } from '../render/quantities.ts'
import { parseGigabytes } from './option-values.ts'

interface Options {
  readonly maxSizeGb?: number
}

const BYTES_PER_GB = 2 ** 30

export function registerCachePrune(parent: Command, cli: Cli): void {
  parent
    .command('prune')
    .description('Remove expired entries, and others by strategy while the store is over its limit')
    .option(
      '--max-size-gb <number>',
      'the limit for this time (default: as configured)',
      parseGigabytes,
    )
    .action(cli.action((options: Options) => prune(cli, options)))
}

async function prune(cli: Cli, { maxSizeGb }: Options): Promise<void> {
  const vault = await cli.openVault()
  const before = vault.stats()
  const limitBytes =
    maxSizeGb === undefined ? before.limitBytes : Math.floor(maxSizeGb * BYTES_PER_GB)
  evictIfNeeded(vault.store, { limitBytes })
  const after = vault.stats()
  const removed = before.entries - after.entries
  const freedBytes = before.storedBytes - after.storedBytes
  cli.voice.confirm({
    text: () =>
      `${cli.voice.style('green', '✓')} Removed ${removed} entries (${formatBytes(Math.max(0, freedBytes))} freed)`,
    data: () => ({
      removed,
      freedBytes,
      entries: after.entries,
      storedBytes: after.storedBytes,
      limitBytes,
    }),
  })
}
