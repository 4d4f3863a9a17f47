import { collectGarbage } from '@taskvault/core'
import type { Command } from 'commander'
import type { Cli } from '../../cli.ts'
import { formatBytes, formatCount } from '../../render/quantities.ts'

export function registerCacheGc(parent: Command, cli: Cli): void {
  parent
    .command('gc')
    .description(
      'Remove what is not needed: blobs without entries, and left-overs of killed processes',
    )
    .action(cli.action(() => collect(cli), { leavesSignals: true }))
}

async function collect(cli: Cli): Promise<void> {
  const vault = await cli.openVault()
  const collected = await collectGarbage(vault.store)
  const { blobs, files, freedBytes, lostEntries, adoptedEntries } = collected
  const removed = formatCount(blobs + files, 'file', 'files')
  const more = [
    ...(lostEntries === 0
      ? []
      : [`${formatCount(lostEntries, 'entry', 'entries')} dropped, whose blobs are gone`]),
    ...(adoptedEntries === 0
      ? []
      : [`${formatCount(adoptedEntries, 'entry', 'entries')} found again`]),
  ]
  cli.voice.confirm({
    text: () =>
      [
        `${cli.voice.style('green', '✓')} Removed ${removed} (${formatBytes(freedBytes)} freed)`,
        ...more,
      ].join('; '),
    data: () => collected,
  })
}
