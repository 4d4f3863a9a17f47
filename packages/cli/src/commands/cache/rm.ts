import { removeEntry, shortDigest } from '@taskvault/core'
import type { Command } from 'commander'
import type { Cli } from '../../cli.ts'
import { findEntryByPrefix } from '../find-entry.ts'
import { remindOfRemote } from '../remind-of-remote.ts'

export function registerCacheRm(parent: Command, cli: Cli): void {
  parent
    .command('rm')
    .description('Remove entries by their keys, all or none')
    .argument('<key...>', 'keys, or their first digits')
    .action(cli.action((keys: string[]) => remove(cli, keys)))
}

async function remove(cli: Cli, keys: readonly string[]): Promise<void> {
  const vault = await cli.openVault()
  // All are looked up first: a typing error in the last one must not leave half of them removed.
  const entries = keys.map((key) => findEntryByPrefix(vault, key))
  for (const entry of entries) removeEntry(vault.store, entry.number, 'rm')
  cli.voice.confirm({
    text: () =>
      entries
        .map(
          ({ task, key }) =>
            `${cli.voice.style('green', '✓')} Removed ${task} (hash: ${shortDigest(key)})`,
        )
        .join('\n'),
    data: () => ({ removed: entries.map(({ task, key }) => ({ task, key })) }),
  })
  const there = entries.map(({ key }) => `\`cache invalidate --remote --key ${key}\``).join(', ')
  await remindOfRemote(cli, `To remove it from a server too: ${there}`)
}
