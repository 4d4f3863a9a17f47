import { listEntries, parseTaskName } from '@taskvault/core'
import type { EntrySummary } from '@taskvault/core'
import type { Command } from 'commander'
import { parseCount } from '../../arguments/option-values.ts'
import type { Cli } from '../../cli.ts'
import { entryToData, renderExpiry } from '../../render/entry.ts'
import { formatBytes, formatTime } from '../../render/quantities.ts'
import { renderTable } from '../../render/table.ts'
import { suggestTask } from '../suggest-task.ts'

interface Options {
  readonly task?: string
  readonly limit: number
}

const HEADER = ['KEY', 'TASK', 'SIZE', 'PATHS', 'HITS', 'CREATED', 'EXPIRES']
const SHOWN_KEY_DIGITS = 12

export function registerCacheLs(parent: Command, cli: Cli): void {
  parent
    .command('ls')
    .description('List entries, newest first')
    .option('-t, --task <name>', 'only entries of this task')
    .option('-n, --limit <count>', 'at most this many', parseCount, 100)
    .action(cli.action((options: Options) => list(cli, options)))
}

async function list(cli: Cli, { task, limit }: Options): Promise<void> {
  const vault = await cli.openVault()
  // One more than is shown tells whether there are more.
  const found = listEntries(vault.store, {
    limit: limit + 1,
    ...(task === undefined ? {} : { task: parseTaskName(task) }),
  })
  const entries = found.slice(0, limit)
  const hasMore = found.length > limit
  const nowMs = cli.host.now()
  cli.voice.answer({
    text: () =>
      renderTable(
        entries.map((entry) => toRow(entry, nowMs)),
        { header: HEADER, rightAligned: [2, 3, 4] },
      ),
    data: () => ({ entries: entries.map(entryToData), hasMore }),
  })
  if (task !== undefined && entries.length === 0) suggestTask(cli, vault, task)
  if (hasMore) cli.voice.remark(`There are more entries; raise --limit (now ${limit}).`)
}

function toRow(entry: EntrySummary, nowMs: number): readonly string[] {
  return [
    entry.key.slice(0, SHOWN_KEY_DIGITS),
    entry.task,
    formatBytes(entry.sizeBytes),
    String(entry.fileCount),
    String(entry.hits),
    formatTime(entry.createdAtMs),
    renderExpiry(entry.expiresAtMs, nowMs),
  ]
}
