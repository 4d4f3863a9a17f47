import { evictIfNeeded, removeExpired } from '@taskvault/core'
import type { Command } from 'commander'
import { parseGigabytes } from '../../arguments/option-values.ts'
import type { Cli } from '../../cli.ts'
import { formatBytes, formatCount } from '../../render/quantities.ts'

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
      'the limit for this run (default: as configured)',
      parseGigabytes,
    )
    .action(cli.action((options: Options) => prune(cli, options), { leavesSignals: true }))
}

async function prune(cli: Cli, { maxSizeGb }: Options): Promise<void> {
  const vault = await cli.openVault()
  const { limitBytes: configuredBytes } = vault.stats()
  const limitBytes =
    maxSizeGb === undefined ? configuredBytes : Math.floor(maxSizeGb * BYTES_PER_GB)
  const expired = removeExpired(vault.store)
  const evicted = evictIfNeeded(vault.store, { limitBytes })
  const freedBytes = expired.freedBytes + evicted.freedBytes
  const removed = expired.entries + evicted.entries
  const { entries, storedBytes } = vault.stats()
  cli.voice.confirm({
    text: () =>
      `${cli.voice.style('green', '✓')} Removed ${formatCount(removed, 'entry', 'entries')} (${formatBytes(freedBytes)} freed)`,
    data: () => ({
      expired: expired.entries,
      evicted: evicted.entries,
      freedBytes,
      entries,
      storedBytes,
      limitBytes,
    }),
  })
}
